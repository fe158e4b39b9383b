import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '../../lib/crypto/key-ring.ts';
import type { RetentionSettings } from '../../lib/config/settings.ts';
import { systemClock, systemRandom } from '../../lib/core/clock.ts';
import { RunEvents } from '../../lib/core/events.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { cleanUp } from '../../lib/operations/clean-up.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { formatBackupId } from '../../lib/store/backup-id.ts';
import { formatMetadata, type Metadata } from '../../lib/store/metadata.ts';
import { withStoreLock } from '../../lib/store/store-lock.ts';
import { listStore, openStore } from '../../lib/store/store.ts';

let root: string;
let storePath: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ai-backup-cleanup-'));
  storePath = join(root, 'backups');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const storage = () => ({
  path: storePath,
  format: 'tar' as const,
  compression: 'gzip' as const,
  compressionLevel: 6,
  encrypt: false,
  archiveName: '{id}',
  fileMode: 0o600,
  folderMode: 0o700,
  recipients: [],
  oldKeyFiles: [],
  allowOthersToWrite: false,
});

/** What an operation is given, at noon of 19 June 2026. */
function contextOf(retention: RetentionSettings, more: Partial<RunContext> = {}): RunContext {
  return {
    settings: {
      root,
      enabled: true,
      schedules: [],
      retention,
      incremental: { enabled: false, maxIncrementals: 7 },
      storage: storage(),
      targets: [],
      exclude: [],
    },
    clock: { ...systemClock, now: () => new Date('2026-06-19T12:00:00Z') },
    random: systemRandom,
    keys: KeyRing.without(),
    environment: {},
    host: 'host',
    events: new RunEvents(),
    signal: new AbortController().signal,
    retryLockSeconds: 0,
    databaseTimeoutSeconds: 15,
    ...more,
  };
}

/** Puts a backup into the store as a create leaves it: folder and archive of 1000 bytes. */
function putBackup(time: string, more: Partial<Metadata> = {}, hasArchive = true): string {
  const timestamp = new Date(time);
  const id = formatBackupId(timestamp, 'abc123');
  const folder = join(storePath, id);
  mkdirSync(folder, { recursive: true });
  const metadata: Metadata = {
    id,
    timestamp: timestamp.toISOString(),
    version: '1.0.0',
    format: 1,
    type: 'scheduled',
    mode: 'full',
    incremental: false,
    chain: [id],
    targets: {},
    files: 1,
    size: 2000,
    storedSize: 1000,
    checksum: `sha256:${'0'.repeat(64)}`,
    duration: 5,
    layout: 'tar',
    ...(hasArchive
      ? { archive: { file: `${id}.tar.gz`, size: 1000, sha256: '0'.repeat(64), compression: 'gzip' } }
      : {}),
    warnings: [],
    complete: true,
    host: 'host',
    databases: [],
    ...more,
  };
  writeFileSync(join(folder, 'metadata.json'), formatMetadata(metadata));
  writeFileSync(join(folder, 'manifest.jsonl.gz'), 'manifest');
  if (metadata.archive !== undefined) writeFileSync(join(storePath, metadata.archive.file), Buffer.alloc(1000));
  return id;
}

const visible = (): string[] => readdirSync(storePath).filter((name) => name !== '.state' && name !== 'audit.log');
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
  } catch (error) {
    if (isBackupError(error)) return error.code;
    throw error;
  }
  return 'none';
};

describe('cleanup', () => {
  test('removes folder and archive of what is too old, and nothing else', async () => {
    const old = putBackup('2026-05-01T02:00:00Z');
    const older = putBackup('2026-04-01T02:00:00Z');
    const young = putBackup('2026-06-18T02:00:00Z');
    writeFileSync(join(storePath, 'notes.txt'), 'mine');

    const result = await cleanUp(contextOf({ days: 30 }));

    expect(result.remove.map((one) => [one.id, one.reasons])).toEqual([
      [old, [{ code: 'older-than-days', days: 30, ageDays: 49 }]],
      [older, [{ code: 'older-than-days', days: 30, ageDays: 79 }]],
    ]);
    expect(result.keep.map((one) => one.id)).toEqual([young]);
    expect(result.freedBytes).toBe(2000);
    expect(result.dryRun).toBe(false);
    expect(visible().sort()).toEqual([young, `${young}.tar.gz`, 'notes.txt'].sort());
    expect(readdirSync(join(storePath, '.state', 'tmp'))).toEqual([]);
  });

  test('a dry run gives the same plan and leaves every byte, even the state folder, as it was', async () => {
    putBackup('2026-05-01T02:00:00Z');
    putBackup('2026-06-18T02:00:00Z');
    const before = readdirSync(storePath);
    const planned = await cleanUp(contextOf({ days: 30 }), { dryRun: true });
    expect(readdirSync(storePath)).toEqual(before);
    const done = await cleanUp(contextOf({ days: 30 }));
    expect(planned).toEqual({ ...done, dryRun: true });
  });

  test('an option takes the place of the setting of its name; the others hold', async () => {
    const times = ['2026-06-19', '2026-06-18', '2026-06-17', '2026-05-01'].map((day) => putBackup(`${day}T02:00:00Z`));
    const ids = (list: { id: string }[]): string[] => list.map((one) => one.id);
    const wide = await cleanUp(contextOf({ days: 1, count: 3 }), { dryRun: true, keepDays: 90 });
    expect(ids(wide.keep)).toEqual(times.slice(0, 3));
    const tiers = await cleanUp(contextOf({ days: 1 }), { dryRun: true, keepMonthly: 2 });
    expect(ids(tiers.keep)).toEqual([times[0], times[3]]);
  });

  test('a backup that has lost its archive is no good one: the older one that has its own stays', async () => {
    const whole = putBackup('2026-04-01T02:00:00Z');
    const lost = putBackup('2026-05-01T02:00:00Z', { verifiedAt: '2026-05-02T02:00:00Z' });
    const cut = putBackup('2026-05-03T02:00:00Z');
    rmSync(join(storePath, `${lost}.tar.gz`));
    truncateSync(join(storePath, `${cut}.tar.gz`), 999);
    const result = await cleanUp(contextOf({ days: 30 }));
    expect(result.keep.map((one) => one.id)).toEqual([whole]);
    expect(result.remove.map((one) => one.id)).toEqual([cut, lost]);
  });

  test('a full backup stays as long as one that builds on it', async () => {
    const full = putBackup('2026-05-01T02:00:00Z');
    const id = formatBackupId(new Date('2026-06-18T02:00:00Z'), 'abc123');
    putBackup('2026-06-18T02:00:00Z', { mode: 'incremental', incremental: true, base: full, chain: [full, id] });
    const result = await cleanUp(contextOf({ days: 30 }));
    expect(result.remove).toEqual([]);
    expect(result.keep.at(-1)).toMatchObject({ id: full, reasons: [{ code: 'needed-by', id }] });
  });

  test('a plain tree without an archive is removed too', async () => {
    const old = putBackup('2026-05-01T02:00:00Z', { layout: 'directory' }, false);
    mkdirSync(join(storePath, old, 'config'));
    writeFileSync(join(storePath, old, 'config', 'a.json'), '{}');
    const young = putBackup('2026-06-18T02:00:00Z');
    await cleanUp(contextOf({ days: 30 }));
    expect(visible().sort()).toEqual([young, `${young}.tar.gz`]);
  });

  test('what is no readable backup is left alone', async () => {
    putBackup('2026-06-18T02:00:00Z');
    const broken = join(storePath, formatBackupId(new Date('2020-01-01T00:00:00Z'), 'abc123'));
    mkdirSync(broken);
    writeFileSync(join(broken, 'metadata.json'), '{ broken');
    await cleanUp(contextOf({ days: 30, count: 1 }));
    expect(existsSync(broken)).toBe(true);
  });
});

describe('a cleanup that is cut short', () => {
  test('has hidden the backup before its archive goes; the next cleanup finishes it', async () => {
    const old = putBackup('2026-05-01T02:00:00Z');
    putBackup('2026-06-18T02:00:00Z');
    // A folder in the archive's place cannot be unlinked: the removal fails exactly between its two steps.
    const archive = join(storePath, `${old}.tar.gz`);
    renameSync(archive, `${archive}.aside`);
    mkdirSync(archive);
    expect(await codeOf(cleanUp(contextOf({ days: 30 })))).toBe('WRITE_FAILED');
    expect((await listStore(openStore(storage()))).backups.map((one) => one.id)).not.toContain(old);

    rmSync(archive, { recursive: true });
    renameSync(`${archive}.aside`, archive);
    const result = await cleanUp(contextOf({ days: 30 }));
    expect(result.remove).toEqual([]);
    expect(existsSync(archive)).toBe(false);
    expect(readdirSync(join(storePath, '.state', 'tmp'))).toEqual([]);
  });

  test('does not finish with an archive whose name a newer backup has taken', async () => {
    const young = putBackup('2026-06-18T02:00:00Z');
    const gone = putBackup('2026-05-01T02:00:00Z', {
      archive: { file: `${young}.tar.gz`, size: 1000, sha256: '0'.repeat(64), compression: 'gzip' },
    });
    const bin = join(storePath, '.state', 'tmp');
    mkdirSync(bin, { recursive: true });
    renameSync(join(storePath, gone), join(bin, `removed-${gone}`));
    await cleanUp(contextOf({ days: 30 }));
    expect(statSync(join(storePath, `${young}.tar.gz`)).size).toBe(1000);
    expect(readdirSync(bin)).toEqual([]);
  });

  test('by Ctrl-C removes nothing more', async () => {
    putBackup('2026-05-01T02:00:00Z');
    putBackup('2026-06-18T02:00:00Z');
    const before = visible();
    const controller = new AbortController();
    controller.abort();
    expect(await codeOf(cleanUp(contextOf({ days: 30 }, { signal: controller.signal })))).toBe('INTERRUPTED');
    expect(visible()).toEqual(before);
  });
});

describe('a store that cannot be cleaned', () => {
  test('because it is not there is named, and not created', async () => {
    expect(await codeOf(cleanUp(contextOf({ days: 30 })))).toBe('STORE_NOT_FOUND');
    expect(existsSync(storePath)).toBe(false);
  });

  test('because another run holds its lock is left as it is', async () => {
    putBackup('2026-05-01T02:00:00Z');
    putBackup('2026-06-18T02:00:00Z');
    const context = contextOf({ days: 30 });
    const lock = { verb: 'create', host: 'host', retrySeconds: 0, clock: context.clock, signal: context.signal };
    const code = await withStoreLock(openStore(storage()), lock, () => codeOf(cleanUp(context)));
    expect(code).toBe('STORE_LOCKED');
    expect(visible()).toHaveLength(4);
  });
});
