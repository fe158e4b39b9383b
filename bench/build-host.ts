import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildDatabase } from './host/database.ts';
import { hostWriter } from './host/dated-file.ts';
import { buildLogs, logNames } from './host/logs.ts';
import { buildNotes } from './host/notes.ts';
import { buildSettings } from './host/settings.ts';
import { buildStates } from './host/states.ts';
import { buildUploads } from './host/uploads.ts';
import { makeVocabulary } from './host/vocabulary.ts';

const mebibyte = 1024 * 1024;

/** What the whole host is made of. Sizes in bytes. */
export const fullHost = {
  databaseBytes: 220 * mebibyte,
  logBytes: 150 * mebibyte,
  uploadBytes: 100 * mebibyte,
  notes: 20_000,
  states: 3_000,
} as const;

export interface HostOptions {
  /** 1 is the whole host; 0.01 is a hundredth of its bytes and files. */
  scale?: number;
  seed?: number;
}

/** What was built. Sizes in bytes; folders are not counted. */
export interface HostSummary {
  files: number;
  bytes: number;
  databaseBytes: number;
  logBytes: number;
  notes: number;
  states: number;
}

export const defaultSeed = 20_260_619;

/**
 * Builds the benchmark's host project in `root`, which is created and should be empty: about 600 MB in 23,000 files.
 * The same scale and seed give the same bytes, names and times.
 */
export function buildHost(root: string, options: HostOptions = {}): HostSummary {
  const scale = options.scale ?? 1;
  const seed = options.seed ?? defaultSeed;
  const scaled = (full: number): number => Math.max(1, Math.round(full * scale));
  mkdirSync(root, { recursive: true });
  const vocabulary = makeVocabulary(seed);
  const writer = hostWriter(root);
  buildSettings(writer);
  buildNotes(writer, scaled(fullHost.notes), seed, vocabulary);
  buildStates(writer, scaled(fullHost.states), seed, vocabulary);
  buildUploads(writer, scaled(fullHost.uploadBytes), seed);
  const logBytes = buildLogs(root, scaled(fullHost.logBytes), seed, vocabulary);
  const databaseBytes = buildDatabase(
    join(root, 'data/app.db'),
    scaled(fullHost.databaseBytes),
    scale,
    seed,
    vocabulary,
  );
  return {
    files: writer.files + logNames.length + 1,
    bytes: writer.bytes + logBytes + databaseBytes,
    databaseBytes,
    logBytes,
    notes: scaled(fullHost.notes),
    states: scaled(fullHost.states),
  };
}
