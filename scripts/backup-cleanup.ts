import { start } from '../lib/cli/start.ts';

await start(['cleanup', ...process.argv.slice(2)]);
