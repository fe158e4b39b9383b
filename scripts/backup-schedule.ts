import { start } from '../lib/cli/start.ts';

await start(['schedule', ...process.argv.slice(2)]);
