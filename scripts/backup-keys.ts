import { start } from '../lib/cli/start.ts';

await start(['keys', ...process.argv.slice(2)]);
