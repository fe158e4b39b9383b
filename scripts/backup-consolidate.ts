import { start } from '../lib/cli/start.ts';

await start(['consolidate', ...process.argv.slice(2)]);
