/** The wrapped secret beside an archive: it comes with its archive and goes with it, wherever a run was ended. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metadata } from '../../lib/store/metadata.ts';
import { archiveFileName, publishBackup, type FinishedBackup } from '../../lib/store/publish-backup.ts';
import { finishRemovals, removeBackup } from '../../lib/store/remove-backup.ts';
import {
  elsewhereNote,
  listStore,
  openStore,
  prepareStore,
  removeLeftovers,
  temporaryFolder,
  type Store,
} from '../../lib/store/store.ts';
import { sampleId, sampleMetadata } from '../support/sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let outside: string;
let store: Store;
beforeEach(() => {
  folder = makeTemporaryFolder('sealed-publish');
  outside = join(folder, 'outside');
  mkdirSync(outside);
  store = openStore({ path: join(folder, 'backups'), fileMode: 0o640, folderMode: 0o750 });
  prepareStore(store);
});
afterEach(() => removeTemporaryFolder(folder));

const wrapped = Buffer.alloc(256, 7);
const archiveName = `${sampleId}.tar.gz.enc`;
const keyName = `${archiveName}.key`;
const sha256 = createHash('sha256').update('archive').digest('hex');

/** @param place a folder outside of the store, where the archive is to rest there. */
function metadataOf(place?: string): Metadata {
  const summary = { file: archiveName, size: 7, sha256, compression: 'gzip' as const };
  return sampleMetadata({ archive: place === undefined ? summary : { ...summary, folder: place } });
}

/** A backup that is written under temporary names, as a create leaves it until it is published. */
function finished(place?: string): FinishedBackup & { archive: string; work: string } {
  const metadata = metadataOf(place);
  const work = join(temporaryFolder(store), sampleId);
  mkdirSync(join(work, 'folder'), { recursive: true });
  const archive = place === undefined ? join(work, 'archive') : join(place, `.ai-backup-part-${sampleId}`);
  if (place !== undefined) writeFileSync(join(work, elsewhereNote), archive);
  writeFileSync(archive, 'archive');
  writeFileSync(join(work, 'folder', 'manifest.jsonl.gz.enc'), 'manifest');
  return { metadata, folder: join(work, 'folder'), archive, wrapped, restoreInstructions: '# How to restore\n', work };
}

/** What the next run does before anything else. */
async function tidyUp(): Promise<void> {
  await finishRemovals(store);
  await removeLeftovers(store);
}

const names = (path: string): string[] =>
  readdirSync(path)
    .filter((name) => name !== '.state')
    .sort();

describe('publishing', () => {
  test('puts the wrapped secret into the folder and beside the archive, with the store’s modes', () => {
    const path = publishBackup(store, finished());
    expect(names(store.path)).toEqual([sampleId, archiveName, keyName].sort());
    for (const file of [join(path, 'wrapped.key'), join(store.path, keyName)]) {
      expect(readFileSync(file).equals(wrapped)).toBe(true);
      expect(statSync(file).mode & 0o7777).toBe(0o640);
    }
  });

  test('does so beside an archive outside of the store', () => {
    publishBackup(store, finished(outside));
    expect(names(outside)).toEqual([archiveName, keyName]);
    expect(names(store.path)).toEqual([sampleId]);
  });

  test('makes no such file where there are no recipients', () => {
    const { wrapped: _, ...backup } = finished();
    const path = publishBackup(store, backup);
    expect(names(store.path)).toEqual([sampleId, archiveName].sort());
    expect(names(path)).not.toContain('wrapped.key');
  });

  const failures: [string, (place: string) => void][] = [
    ['the archive cannot get its name', (place) => mkdirSync(join(place, archiveName, 'x'), { recursive: true })],
    ['the secret cannot get its name', (place) => mkdirSync(join(place, keyName, 'x'), { recursive: true })],
    ['the folder cannot get its name', () => mkdirSync(join(store.path, sampleId, 'x'), { recursive: true })],
  ];
  test.each(failures)('leaves neither archive nor secret where %s', async (_story, obstruct) => {
    for (const place of [undefined, outside]) {
      obstruct(place ?? store.path);
      const backup = finished(place);
      const before = [names(store.path), names(outside)];
      expect(() => publishBackup(store, backup)).toThrow();
      rmSync(backup.work, { recursive: true });
      rmSync(backup.archive, { force: true });
      rmSync(`${backup.archive}.key`, { force: true });
      expect([names(store.path), names(outside)]).toEqual(
        before.map((all) => all.filter((name) => !name.startsWith('.'))),
      );
      expect((await listStore(store)).loneArchives).toEqual([]);
    }
  });

  test('takes no other’s file for the secret’s place outside of the store', () => {
    writeFileSync(join(outside, keyName), 'of somebody');
    expect(() => publishBackup(store, finished(outside))).toThrow(expect.objectContaining({ code: 'WRITE_FAILED' }));
    expect(readFileSync(join(outside, keyName), 'utf8')).toBe('of somebody');
    expect(names(outside)).not.toContain(archiveName);
  });

  test('gives no archive the name of one whose secret is still there', () => {
    writeFileSync(join(store.path, 'nightly.tar.gz.enc.key'), 'of an archive that was moved away');
    const about = { id: sampleId, time: new Date('2026-11-21T03:00:05.000Z') };
    expect(archiveFileName(store.path, 'nightly', about, '.tar.gz.enc')).toBe('nightly_2.tar.gz.enc');
    expect(archiveFileName(store.path, 'nightly', about, '.tar.gz')).toBe('nightly.tar.gz');
  });
});

/** Where a create can be killed while it publishes: what is done by then. */
const steps: [string, (backup: ReturnType<typeof finished>, place: string) => void][] = [
  ['before anything has its name', () => undefined],
  ['when the secret is written, and has not its name', ({ archive }) => writeFileSync(`${archive}.key`, wrapped)],
  ['when the secret has its name', (_, place) => writeFileSync(join(place, keyName), wrapped)],
];

describe('a create that was killed', () => {
  function completeFolder({ folder: path, metadata }: FinishedBackup): void {
    writeFileSync(join(path, 'wrapped.key'), wrapped);
    writeFileSync(join(path, 'metadata.json'), JSON.stringify(metadata));
  }

  test.each(steps)('%s, leaves nothing', async (_story, step) => {
    for (const place of [undefined, outside]) {
      const backup = finished(place);
      completeFolder(backup);
      step(backup, place ?? store.path);
      await tidyUp();
      expect([names(store.path), names(outside), readdirSync(temporaryFolder(store))]).toEqual([[], [], []]);
    }
  });

  test('when the archive has its name and the folder has not, leaves nothing', async () => {
    const backup = finished();
    completeFolder(backup);
    writeFileSync(join(store.path, keyName), wrapped);
    renameSync(backup.archive, join(store.path, archiveName));
    await tidyUp();
    expect([names(store.path), readdirSync(temporaryFolder(store))]).toEqual([[], []]);
  });

  test('outside of the store then leaves a whole backup: the archive with its secret', async () => {
    const backup = finished(outside);
    completeFolder(backup);
    writeFileSync(join(outside, keyName), wrapped);
    renameSync(backup.archive, join(outside, archiveName));
    await tidyUp();
    expect(names(outside)).toEqual([archiveName, keyName]);
  });

  test('takes no other backup’s secret with it, nor somebody’s file', async () => {
    for (const place of [undefined, outside]) {
      const backup = finished(place);
      completeFolder(backup);
      writeFileSync(join(place ?? store.path, keyName), 'another one');
      await tidyUp();
      expect(names(place ?? store.path)).toEqual([keyName]);
      expect(readdirSync(temporaryFolder(store))).toEqual([]);
    }
  });
});

describe('removing a backup', () => {
  const published = async (place?: string): Promise<void> => {
    publishBackup(store, finished(place));
    await tidyUp();
  };

  test('removes the secret with its archive', async () => {
    await published();
    const [backup] = (await listStore(store)).backups;
    if (backup === undefined) throw new Error('there is no backup');
    removeBackup(store, backup);
    expect(names(store.path)).toEqual([]);
  });

  test.each([
    ['when the folder is out of sight', []],
    ['when the archive is gone', [archiveName]],
    ['when the secret is gone as well', [archiveName, keyName]],
  ])('that was killed, %s, is finished by the next run', async (_story, gone) => {
    await published();
    renameSync(join(store.path, sampleId), join(temporaryFolder(store), `removed-${sampleId}`));
    for (const name of gone) rmSync(join(store.path, name));
    await tidyUp();
    expect([names(store.path), readdirSync(temporaryFolder(store))]).toEqual([[], []]);
  });

  test('leaves a secret outside of the store whose archive is another one by now', async () => {
    await published(outside);
    writeFileSync(join(outside, archiveName), 'another');
    const [backup] = (await listStore(store)).backups;
    if (backup === undefined) throw new Error('there is no backup');
    removeBackup(store, backup);
    expect(names(outside)).toEqual([archiveName, keyName]);
    expect(names(store.path)).toEqual([]);
  });
});
