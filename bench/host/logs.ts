import { appendFileSync, closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { dateFile, hostEpochSeconds } from './dated-file.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import type { Vocabulary } from './vocabulary.ts';

/** The host's services, one log file each. */
export const logNames = ['api', 'worker', 'scheduler', 'agents', 'audit'] as const;

const levels = ['info', 'info', 'info', 'info', 'info', 'debug', 'debug', 'warn', 'error'] as const;
const routes = ['/api/tasks', '/api/projects', '/api/agents/run', '/api/reports', '/health', '/api/sessions'] as const;
const chunkCharacters = 1 << 20;

/** Writes `bytes` bytes of JSON-lines logs, give or take a line, and returns how many there are. */
export function buildLogs(root: string, bytes: number, seed: number, vocabulary: Vocabulary): number {
  mkdirSync(join(root, 'logs'), { recursive: true });
  let written = 0;
  for (const [index, name] of logNames.entries()) {
    const random = seededRandom(seed, `logs/${name}`);
    const path = join(root, 'logs', `${name}.jsonl`);
    const fd = openSync(path, 'w');
    try {
      const share = Math.max(1, Math.floor(bytes / logNames.length));
      let seconds = hostEpochSeconds - 30 * 86_400;
      for (let left = share; left > 0;) {
        const text = makeLines(random, vocabulary, name, seconds, Math.min(left, chunkCharacters));
        seconds += text.length / 100;
        writeSync(fd, text);
        left -= text.length;
        written += text.length;
      }
    } finally {
      closeSync(fd);
    }
    dateFile(path, index);
  }
  return written;
}

/** Appends `bytes` bytes of one day's lines, spread over all logs. */
export function appendLogs(
  root: string,
  bytes: number,
  random: SeededRandom,
  vocabulary: Vocabulary,
  fromSeconds: number,
): void {
  const share = Math.max(1, Math.floor(bytes / logNames.length));
  for (const name of logNames) {
    appendFileSync(join(root, 'logs', `${name}.jsonl`), makeLines(random, vocabulary, name, fromSeconds, share));
  }
}

/** Whole lines, ASCII only, of at least `characters` characters together. */
function makeLines(
  random: SeededRandom,
  vocabulary: Vocabulary,
  service: string,
  fromSeconds: number,
  characters: number,
): string {
  let text = '';
  let milliseconds = Math.floor(fromSeconds * 1000);
  while (text.length < characters) {
    milliseconds += random.below(4_000);
    text += `${JSON.stringify({
      time: new Date(milliseconds).toISOString(),
      level: random.pick(levels),
      service,
      requestId: random.hex(24),
      route: random.pick(routes),
      userId: random.between(1, 5_000),
      durationMs: random.below(9_000) / 10,
      message: vocabulary.sentence(random, 5, 22),
    })}\n`;
  }
  return text;
}
