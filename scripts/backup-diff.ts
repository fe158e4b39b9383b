import { start } from '../lib/cli/start.ts';

await start(['diff', ...process.argv.slice(2)]);
