import { start } from '../lib/cli/start.ts';

await start(['show', ...process.argv.slice(2)]);
