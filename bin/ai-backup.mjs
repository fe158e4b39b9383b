#!/usr/bin/env node
import { existsSync } from 'node:fs';

const built = new URL('../dist/command/start.js', import.meta.url);
if (existsSync(built)) {
  const { start } = await import(built.href);
  await start(process.argv.slice(2));
} else {
  process.stderr.write('error: ai-backup is not built yet.\nRun `npm install` (or `npm run build`) in its folder.\n');
  process.exitCode = 1;
}
