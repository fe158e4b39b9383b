import { start } from '../lib/cli/start.ts';

await start(['config', ...process.argv.slice(2)]);
