import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { WriterOptions, WriterReport } from './sqlite-writer.ts';

/** A running `sqlite-writer-main.mjs`. */
export interface Writer {
  /** Lets it end its work and tells what it saw. */
  stop(): Promise<WriterReport>;
  /** Ends it in the middle of whatever it does, as a power cut would. */
  kill(): Promise<void>;
}

/** Starts an application on a database and resolves when its work is under way. The caller stops or kills it. */
export async function startWriter(options: WriterOptions): Promise<Writer> {
  const script = fileURLToPath(new URL('./sqlite-writer-main.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const ready = new Promise<void>((resolve, reject) => {
    lines.once('line', () => resolve());
    child.once('exit', () => reject(new Error('the writer ended before it was ready')));
  });
  let report = '';
  lines.on('line', (line) => (report = line));
  await ready;
  return {
    stop: async () => {
      child.stdin.write('stop\n');
      await ended;
      return JSON.parse(report) as WriterReport;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
