import { start } from '../lib/cli/start.ts';

await start(['verify', ...process.argv.slice(2)]);
