import fc from 'fast-check';
import type { Filling } from './seeded-bytes.ts';

/**
 * What happens to a project, as data. Nothing in a step depends on what was before it: numbers from 0 to 1 pick one of the
 * files that are there when the step is made, so that a failing history stays one when fast-check takes steps out of it.
 */
export type Step = FileStep | DatabaseStep | StoreStep;

/** A place in a file: near a border of blocks, or at a part of its length. */
export interface Place {
  part: number;
  /** Bytes; 1 for any place. */
  border: 1 | 512 | 1024 | 4096 | 16_384 | 65_536;
  beside: -1 | 0 | 1;
}

/** A pick among the files that are there; `large` looks at those of 1 MiB and more first. */
export interface Pick {
  part: number;
  large: boolean;
}

/** `seed` is that of the bytes that are written. */
export type FileStep =
  | { do: 'write'; name: number; size: number; filling: Filling; seed: number }
  | { do: 'append'; file: Pick; length: number; seed: number }
  | { do: 'overwrite'; file: Pick; from: Place; length: number; seed: number }
  | { do: 'scatter'; file: Pick; every: number; seed: number }
  | { do: 'rewrite-unseen'; file: Pick; from: Place; seed: number }
  | { do: 'insert'; file: Pick; from: Place; length: number; seed: number }
  | { do: 'cut-out'; file: Pick; from: Place; length: number }
  | { do: 'truncate'; file: Pick; to: Place }
  | { do: 'grow'; file: Pick; by: number }
  | { do: 'rename'; file: Pick; name: number }
  | { do: 'copy'; file: Pick; name: number; times: boolean }
  | { do: 'hard-link'; file: Pick; name: number }
  | { do: 'swap'; file: Pick; other: Pick }
  | { do: 'delete'; file: Pick }
  | { do: 'chmod'; file: Pick; mode: number }
  | { do: 'touch'; file: Pick; seconds: number }
  | { do: 'to-folder'; file: Pick; seed: number }
  | { do: 'to-file'; folder: number; seed: number }
  | { do: 'rename-folder'; folder: number; name: number }
  | { do: 'link'; name: number; target: number };

export type DatabaseStep =
  | { do: 'db-create'; db: number; pageSize: number; wal: boolean; rows: number; seed: number }
  | { do: 'db-write'; db: number; insert: number; updateEvery: number; deleteEvery: number; blob: number; seed: number }
  | { do: 'db-drop'; db: number }
  | { do: 'db-vacuum'; db: number; pageSize: number }
  | { do: 'db-journal'; db: number; wal: boolean }
  | { do: 'db-checkpoint'; db: number }
  | { do: 'db-close'; db: number }
  | { do: 'db-crash'; db: number }
  | { do: 'db-delete'; db: number };

export type CacheHarm = 'none' | 'delete' | 'garbage' | 'cut' | 'flip' | 'exchange' | 'stale';

export interface BackupStep {
  do: 'backup';
  mode: 'full' | 'incremental' | 'differential';
  format: 'tar' | 'zip' | 'directory';
  compression: number;
  rehash: boolean;
  /** Picks an earlier backup as the base. */
  base?: number | undefined;
  cache: CacheHarm;
  /**
   * The backup says that it was begun some seconds later than it was. To the next one, what was written shortly before it then
   * counts as old, and is not read again.
   */
  settled: boolean;
  /** The archive goes to a folder outside of the store. */
  outside: boolean;
}

export type StoreStep =
  BackupStep | { do: 'cleanup'; keep: number } | { do: 'go-back'; backup: number } | { do: 'move-project' };

const MiB = 1 << 20;
const part = fc
  .double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
  .map((value) => Math.floor(value * 1e4) / 1e4);
const seed = fc.nat({ max: 1_000_000 });
const file: fc.Arbitrary<Pick> = fc.record({ part, large: fc.boolean() });
const place: fc.Arbitrary<Place> = fc.record({
  part,
  border: fc.constantFrom(1, 512, 1024, 4096, 16_384, 65_536),
  beside: fc.constantFrom(-1, 0, 1),
});
const smallSize = fc.constantFrom(0, 1, 511, 512, 4096, 16_383, 16_384, 16_385, 40_000);
const largeSize = fc.constantFrom(MiB - 1, MiB, MiB + 1, MiB + 16_384, MiB + 16_385, 3 * MiB);
const size = fc.oneof({ arbitrary: smallSize, weight: 3 }, { arbitrary: largeSize, weight: 1 });
const length = fc.constantFrom(0, 1, 2, 100, 4096, 16_383, 16_384, 16_385, 50_000, 300_000);
const step = <T extends Step['do'], Shape extends object>(
  name: T,
  shape: { [K in keyof Shape]: fc.Arbitrary<Shape[K]> },
): fc.Arbitrary<{ do: T } & Shape> => fc.record(shape).map((values) => ({ do: name, ...(values as Shape) }));

const fileStep: fc.Arbitrary<FileStep> = fc.oneof(
  step('write', { name: part, size, filling: fc.constantFrom<Filling>('random', 'text', 'zeros'), seed }),
  { arbitrary: step('append', { file, length, seed }), weight: 2 },
  { arbitrary: step('overwrite', { file, from: place, length, seed }), weight: 4 },
  step('scatter', { file, every: fc.constantFrom(5000, 16_384, 40_000, 100_000), seed }),
  { arbitrary: step('rewrite-unseen', { file, from: place, seed }), weight: 2 },
  step('insert', { file, from: place, length, seed }),
  step('cut-out', { file, from: place, length }),
  { arbitrary: step('truncate', { file, to: place }), weight: 2 },
  step('grow', { file, by: length }),
  { arbitrary: step('rename', { file, name: part }), weight: 2 },
  { arbitrary: step('copy', { file, name: part, times: fc.boolean() }), weight: 2 },
  step('hard-link', { file, name: part }),
  step('swap', { file, other: file }),
  step('delete', { file }),
  step('chmod', { file, mode: fc.constantFrom(0o600, 0o644, 0o755, 0o400) }),
  step('touch', { file, seconds: fc.constantFrom(1, 1_000_000_000, 1_700_000_000.25) }),
  step('to-folder', { file, seed }),
  step('to-file', { folder: part, seed }),
  step('rename-folder', { folder: part, name: part }),
  step('link', { name: part, target: part }),
);

const db = part;
const pageSize = fc.constantFrom(512, 1024, 4096, 8192, 65_536);
const databaseStep: fc.Arbitrary<DatabaseStep> = fc.oneof(
  step('db-create', { db, pageSize, wal: fc.boolean(), rows: fc.constantFrom(0, 10, 3000), seed }),
  {
    arbitrary: step('db-write', {
      db,
      insert: fc.constantFrom(0, 1, 50, 1000),
      updateEvery: fc.constantFrom(0, 1, 10, 300),
      deleteEvery: fc.constantFrom(0, 0, 3, 50),
      blob: fc.constantFrom(0, 10, 400, 5000),
      seed,
    }),
    weight: 6,
  },
  step('db-drop', { db }),
  step('db-vacuum', { db, pageSize }),
  step('db-journal', { db, wal: fc.boolean() }),
  step('db-checkpoint', { db }),
  step('db-close', { db }),
  step('db-crash', { db }),
  step('db-delete', { db }),
);

const backupStep: fc.Arbitrary<BackupStep> = fc.record({
  do: fc.constant<'backup'>('backup'),
  mode: fc.oneof(
    { arbitrary: fc.constant<'incremental'>('incremental'), weight: 6 },
    { arbitrary: fc.constant<'differential'>('differential'), weight: 2 },
    { arbitrary: fc.constant<'full'>('full'), weight: 1 },
  ),
  format: fc.oneof(
    { arbitrary: fc.constant<'tar'>('tar'), weight: 14 },
    { arbitrary: fc.constant<'zip'>('zip'), weight: 1 },
    { arbitrary: fc.constant<'directory'>('directory'), weight: 1 },
  ),
  compression: part,
  rehash: fc.oneof({ arbitrary: fc.constant(false), weight: 5 }, { arbitrary: fc.constant(true), weight: 1 }),
  base: fc.option(part, { freq: 4, nil: undefined }),
  cache: fc.oneof(
    { arbitrary: fc.constant<CacheHarm>('none'), weight: 5 },
    { arbitrary: fc.constantFrom<CacheHarm>('delete', 'garbage', 'cut', 'flip', 'exchange', 'stale'), weight: 2 },
  ),
  settled: fc.boolean(),
  outside: fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, { arbitrary: fc.constant(true), weight: 1 }),
});

const storeStep: fc.Arbitrary<StoreStep> = fc.oneof(
  { arbitrary: backupStep, weight: 20 },
  step('cleanup', { keep: fc.constantFrom(1, 2, 4) }),
  step('go-back', { backup: part }),
  step('move-project', {}),
);

/** Steps of one history, at most so many; a backup after every few of them. */
export const historyOf = (most: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { arbitrary: fileStep, weight: 10 },
      { arbitrary: databaseStep, weight: 4 },
      { arbitrary: storeStep, weight: 5 },
    ),
    { maxLength: most, size: 'max' },
  );
