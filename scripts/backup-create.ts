import { start } from '../lib/cli/start.ts';

await start(['create', ...process.argv.slice(2)]);
