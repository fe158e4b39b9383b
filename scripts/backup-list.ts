import { start } from '../lib/cli/start.ts';

await start(['list', ...process.argv.slice(2)]);
