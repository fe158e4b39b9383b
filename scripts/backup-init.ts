import { start } from '../lib/cli/start.ts';

await start(['init', ...process.argv.slice(2)]);
