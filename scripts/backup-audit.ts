import { start } from '../lib/cli/start.ts';

await start(['audit', ...process.argv.slice(2)]);
