import { start } from '../lib/cli/start.ts';

await start(['doctor', ...process.argv.slice(2)]);
