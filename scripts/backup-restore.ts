import { start } from '../lib/cli/start.ts';

await start(['restore', ...process.argv.slice(2)]);
