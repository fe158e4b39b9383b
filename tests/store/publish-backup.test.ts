import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatMetadata, type Metadata } from '../../lib/store/metadata.ts';
import { archiveFileName, publishBackup, type FinishedBackup } from '../../lib/store/publish-backup.ts';
import { listStore, openStore, prepareStore, temporaryFolder, type Store } from '../../lib/store/store.ts';
import { sampleId, sampleMetadata } from '../support/sample-metadata.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = makeTemporaryFolder('publish');
  store = openStore({ path: join(folder, 'backups'), fileMode: 0o640, folderMode: 0o750 });
  prepareStore(store);
});
afterEach(() => removeTemporaryFolder(folder));

/** A backup that is written under temporary names. */
function finished(metadata: Metadata = sampleMetadata()): FinishedBackup {
  const work = join(temporaryFolder(store), metadata.id);
  const parts = { metadata, folder: join(work, 'folder'), restoreInstructions: '# How to restore\n' };
  mkdirSync(parts.folder, { recursive: true, mode: 0o750 });
  writeFileSync(join(parts.folder, 'manifest.jsonl.gz'), 'manifest');
  if (metadata.archive === undefined) return parts;
  writeFileSync(join(work, 'archive'), 'archive');
  return { ...parts, archive: join(work, 'archive') };
}

describe('publishing', () => {
  test('makes a backup visible: its folder with all that belongs into it, its archive beside', async () => {
    const path = publishBackup(store, finished());
    expect(path).toBe(join(store.path, sampleId));
    expect(readdirSync(path).sort()).toEqual(['RESTORE.md', 'manifest.jsonl.gz', 'metadata.json']);
    expect(readFileSync(join(path, 'metadata.json'), 'utf8')).toBe(formatMetadata(sampleMetadata()));
    expect(readFileSync(join(path, 'RESTORE.md'), 'utf8')).toBe('# How to restore\n');
    expect(readFileSync(join(store.path, `${sampleId}.tar.gz`), 'utf8')).toBe('archive');
    expect((await listStore(store)).backups.map((one) => one.id)).toEqual([sampleId]);
  });

  test('of a plain tree needs no archive', async () => {
    const { archive: _, ...tree } = sampleMetadata({ layout: 'directory' });
    publishBackup(store, finished(tree));
    expect(readdirSync(store.path).sort()).toEqual(['.state', sampleId]);
    expect((await listStore(store)).backups).toHaveLength(1);
  });

  test.each([0o000, 0o077, 0o777])('gives the files the store’s modes, with the umask %o', (umask) => {
    const backup = finished();
    const before = process.umask(umask);
    try {
      const path = publishBackup(store, backup);
      for (const name of ['RESTORE.md', 'metadata.json']) expect(statSync(join(path, name)).mode & 0o7777).toBe(0o640);
    } finally {
      process.umask(before);
    }
  });

  // What a full disk or a rename that fails leaves must never look like a backup.
  const failures: [string, (backup: FinishedBackup) => void][] = [
    ['RESTORE.md cannot be written', ({ folder: work }) => mkdirSync(join(work, 'RESTORE.md'))],
    ['metadata.json cannot be written', ({ folder: work }) => mkdirSync(join(work, 'metadata.json'))],
    [
      'the archive cannot get its name',
      ({ metadata }) => mkdirSync(join(store.path, metadata.archive?.file ?? '', 'x'), { recursive: true }),
    ],
    [
      'the folder cannot get its name',
      ({ metadata }) => mkdirSync(join(store.path, metadata.id, 'x'), { recursive: true }),
    ],
  ];
  test.each(failures)('fails as a whole where %s', async (_, obstruct) => {
    const backup = finished();
    obstruct(backup);
    expect(() => publishBackup(store, backup)).toThrow();
    const { backups, loneArchives } = await listStore(store);
    expect(backups).toEqual([]);
    expect(loneArchives).toEqual([]);
  });

  test('writes metadata.json last of all files, so that a folder that has one is complete', () => {
    const backup = finished();
    mkdirSync(join(backup.folder, 'metadata.json'));
    expect(() => publishBackup(store, backup)).toThrow('EEXIST');
    expect(existsSync(join(backup.folder, 'RESTORE.md'))).toBe(true);
    expect(existsSync(backup.archive ?? '')).toBe(true);
  });
});

describe('the name of an archive', () => {
  const backup = { id: sampleId, time: new Date('2026-11-21T03:00:05.000Z'), timezone: 'UTC' };
  const name = (pattern: string, fields: Partial<typeof backup & { name: string }> = {}, ending = '.tar.gz'): string =>
    archiveFileName(store.path, pattern, { ...backup, ...fields }, ending);

  test.each([
    ['{id}', `${sampleId}.tar.gz`],
    ['backup_{date}_{time}', 'backup_20261121_030005.tar.gz'],
    ['{name}-{date}', 'before-20261121.tar.gz'],
    ['{date}{date}', '2026112120261121.tar.gz'],
    ['plain', 'plain.tar.gz'],
    ['{unknown}', '_unknown_.tar.gz'],
  ])('follows the pattern %j', (pattern, expected) => {
    expect(name(pattern, { name: 'before' })).toBe(expected);
  });

  test('tells the time of the settings’ zone, also at midnight', () => {
    expect(name('{date}_{time}', { timezone: 'Asia/Tokyo' })).toBe('20261121_120005.tar.gz');
    expect(name('{date}_{time}', { time: new Date('2026-11-21T00:00:00Z') })).toBe('20261121_000000.tar.gz');
    expect(name('{date}_{time}', { timezone: 'America/New_York' })).toBe('20261120_220005.tar.gz');
  });

  test('gets a number where it is taken, by whatever it is', () => {
    writeFileSync(join(store.path, 'nightly.tar.gz'), 'x');
    mkdirSync(join(store.path, 'nightly_2.tar.gz'));
    expect(name('nightly')).toBe('nightly_3.tar.gz');
    expect(name('nightly', {}, '.zip')).toBe('nightly.zip');
  });

  test.each([
    ['../../etc/passwd', '__.._etc_passwd.tar.gz'],
    ['.hidden', '_hidden.tar.gz'],
    ['..', '_.tar.gz'],
    ['', '_.tar.gz'],
    ['a/b\\c:d*e?"<>|', 'a_b_c_d_e_.tar.gz'],
    ['new\nline', 'new_line.tar.gz'],
    ['前の状態', '前の状態.tar.gz'],
  ])('made of the name %j leads nowhere and hides nothing', (given, expected) => {
    expect(name('{name}', { name: given })).toBe(expected);
  });

  test('is one that every filesystem takes, whatever the backup is called', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        fc.constantFrom('{name}', '{name}{name}', 'x{name}'),
        (given, pattern) => {
          const made = name(pattern, { name: given });
          expect(made).toMatch(/^[^./\\\0][^/\\\0]*\.tar\.gz$/);
          expect(Buffer.byteLength(made)).toBeLessThan(250);
          expect(Buffer.from(made).toString()).toBe(made);
        },
      ),
    );
  });

  test('of 400 Japanese letters can be written', () => {
    const made = name('{name}', { name: '状'.repeat(400) });
    writeFileSync(join(store.path, made), 'x');
    expect(name('{name}', { name: '状'.repeat(400) })).not.toBe(made);
  });
});
