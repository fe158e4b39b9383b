import Database from 'better-sqlite3';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultSeed } from './build-host.ts';
import { makeRows } from './host/database-rows.ts';
import { dateFile, hostEpochSeconds } from './host/dated-file.ts';
import { appendLogs, logNames } from './host/logs.ts';
import { makeNote, notePath } from './host/notes.ts';
import { seededRandom, type SeededRandom } from './host/seeded-random.ts';
import { makeVocabulary, type Vocabulary } from './host/vocabulary.ts';

/** What one ordinary day changes on the whole host. */
export const fullDay = { updatedRows: 1_000, insertedRows: 2_000, logBytes: 2 * 1024 * 1024, notes: 200 } as const;

export interface DayOptions {
  /** 1 is the first day after the host was built. Days are to be applied in order. */
  day?: number;
  /** The scale that the host was built with. */
  scale?: number;
  seed?: number;
}

export interface DaySummary {
  updatedRows: number;
  insertedRows: number;
  logBytes: number;
  notes: number;
}

/**
 * Lets one ordinary day pass in a host of `buildHost`: tasks updated all over the database, events inserted at its end,
 * logs appended to, notes rewritten. The same day of the same host always changes the same bytes. The database is left
 * checkpointed and closed.
 */
export function changeDay(root: string, options: DayOptions = {}): DaySummary {
  const day = options.day ?? 1;
  const scale = options.scale ?? 1;
  const seed = options.seed ?? defaultSeed;
  const scaled = (full: number): number => Math.max(1, Math.round(full * scale));
  const random = seededRandom(seed, `day ${day}`);
  const vocabulary = makeVocabulary(seed);
  const summary: DaySummary = {
    updatedRows: scaled(fullDay.updatedRows),
    insertedRows: scaled(fullDay.insertedRows),
    logBytes: scaled(fullDay.logBytes),
    notes: scaled(fullDay.notes),
  };
  const fromSeconds = hostEpochSeconds + (day - 1) * 86_400;
  changeDatabase(join(root, 'data/app.db'), summary, random, vocabulary, fromSeconds);
  dateFile(join(root, 'data/app.db'), -day * 1440);
  appendLogs(root, summary.logBytes, random, vocabulary, fromSeconds);
  for (const name of logNames) dateFile(join(root, 'logs', `${name}.jsonl`), -day * 1440);
  rewriteNotes(root, summary.notes, random, vocabulary, day);
  return summary;
}

function changeDatabase(
  file: string,
  summary: DaySummary,
  random: SeededRandom,
  vocabulary: Vocabulary,
  fromSeconds: number,
): void {
  const database = new Database(file, { fileMustExist: true });
  try {
    database.pragma('synchronous = OFF');
    const highest = (table: string): number =>
      Number(database.prepare(`SELECT coalesce(max(id), 0) FROM ${table}`).pluck().get());
    const tasks = highest('tasks');
    const users = highest('users');
    const lastEvent = highest('events');
    const rows = makeRows(database, vocabulary);
    database.transaction(() => {
      for (let count = 1; count <= summary.updatedRows; count += 1) {
        rows.updateTask(random, random.between(1, tasks), fromSeconds + count);
      }
      for (let count = 1; count <= summary.insertedRows; count += 1) {
        rows.insertEvent(random, { id: lastEvent + count, tasks, users, at: fromSeconds + count * 40 });
      }
    })();
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}

function rewriteNotes(root: string, count: number, random: SeededRandom, vocabulary: Vocabulary, day: number): void {
  const total = countNotes(root);
  for (let left = count; left > 0; left -= 1) {
    const path = join(root, notePath(random.below(total)));
    writeFileSync(path, makeNote(random, vocabulary));
    dateFile(path, left - day * 1440);
  }
}

/** Notes are numbered without a gap, so their count is found by halving, without reading a folder. */
function countNotes(root: string): number {
  const exists = (index: number): boolean => existsSync(join(root, notePath(index)));
  let above = 1;
  while (exists(above)) above *= 2;
  let known = 0;
  while (above - known > 1) {
    const middle = (known + above) >> 1;
    if (exists(middle)) known = middle;
    else above = middle;
  }
  return above;
}
