import { chmodSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { formatBackupId } from '../../lib/store/backup-id.ts';
import { formatMetadata, type Metadata } from '../../lib/store/metadata.ts';
import {
  idsInStore,
  listStore,
  openStore,
  prepareStore,
  removeLeftovers,
  stateFolder,
  temporaryFolder,
  type Store,
} from '../../lib/store/store.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';
import { umasks } from '../support/umasks.ts';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = makeTemporaryFolder('store');
  store = openStore({ path: join(folder, 'backups'), fileMode: 0o600, folderMode: 0o700 });
  prepareStore(store);
});
afterEach(() => removeTemporaryFolder(folder));

const idAt = (time: string, suffix = 'abcdef'): string => formatBackupId(new Date(time), suffix);

/** A backup as its folder and its archive. */
function put(id: string, fields: Partial<Metadata> = {}): string {
  const path = join(store.path, id);
  const metadata = sampleMetadata({ id, ...fields });
  mkdirSync(path);
  writeFileSync(join(path, 'metadata.json'), formatMetadata(metadata));
  if (metadata.archive !== undefined) writeFileSync(join(store.path, metadata.archive.file), 'archive');
  return path;
}

const listedIds = async (): Promise<string[]> => (await listStore(store)).backups.map((one) => one.id);

describe('the list of a store', () => {
  test('names its backups, newest first, with folder and archive', async () => {
    const [older, newer] = [idAt('2026-06-18T00:00:00Z'), idAt('2026-06-19T00:00:00Z')];
    put(older, { timestamp: '2026-06-18T00:00:00.000Z' });
    put(newer, { timestamp: '2026-06-19T00:00:00.000Z', archive: { file: 'nightly_2.tar.gz', compression: 'gzip' } });
    const listing = await listStore(store);
    expect(listing).toMatchObject({
      backups: [
        { id: newer, folder: join(store.path, newer), archive: join(store.path, 'nightly_2.tar.gz') },
        { id: older, folder: join(store.path, older), archive: join(store.path, `${older}.tar.gz`) },
      ],
      unreadable: [],
      loneArchives: [],
    });
  });

  test('goes by ID, the order of making, and not by what a wrong clock said', async () => {
    const times = ['2026-06-19T12:00:00.000Z', '2031-01-01T00:00:00.000Z', '1970-01-01T00:00:01.000Z'];
    const ids = times.map((_, at) => idAt('2026-06-19T12:00:00.000Z', `00000${at}`));
    ids.forEach((id, at) => put(id, { timestamp: times[at] ?? '' }));
    expect(await listedIds()).toEqual([ids[2], ids[1], ids[0]]);
  });

  test('puts two of one time in the order of their IDs', async () => {
    const ids = ['000001', '000002', '000003'].map((suffix) => idAt('2026-06-19T12:00:00Z', suffix));
    for (const id of ids) put(id);
    expect(await listedIds()).toEqual([...ids].reverse());
  });

  test('passes over strangers', async () => {
    const id = idAt('2026-06-19T12:00:00Z');
    put(id);
    for (const name of ['notes', 'backup-old', '.git', `${id}.bak`, 'backup-2026-06-19'])
      mkdirSync(join(store.path, name));
    for (const name of ['README.md', 'audit.log', 'core', `${id}.tar.gz.part`, `${id.slice(0, -1)}0`]) {
      writeFileSync(join(store.path, name), 'x');
    }
    const listing = await listStore(store);
    expect(listing.backups.map((one) => one.id)).toEqual([id]);
    expect(listing.unreadable).toEqual([]);
    expect(listing.loneArchives).toEqual([]);
  });

  test('reports folders that are no backups any more, and lists the others', async () => {
    const [whole, without, damaged, foreign, closed] = [1, 2, 3, 4, 5].map((day) => idAt(`2026-06-0${day}T00:00:00Z`));
    if (whole === undefined || without === undefined || damaged === undefined) throw new Error('no IDs');
    put(whole);
    mkdirSync(join(store.path, without));
    mkdirSync(join(store.path, damaged));
    writeFileSync(join(store.path, damaged, 'metadata.json'), '{"id": "backup-');
    mkdirSync(join(store.path, foreign ?? ''));
    writeFileSync(join(store.path, foreign ?? '', 'metadata.json'), formatMetadata(sampleMetadata({ id: whole })));
    mkdirSync(join(store.path, closed ?? '', 'metadata.json'), { recursive: true });
    const { backups, unreadable } = await listStore(store);
    expect(backups.map((one) => one.id)).toEqual([whole]);
    expect(Object.fromEntries(unreadable.map((one) => [one.folder, one.reason]))).toEqual({
      [join(store.path, without)]: expect.stringContaining('no metadata.json'),
      [join(store.path, damaged)]: expect.stringContaining('metadata.json: '),
      [join(store.path, foreign ?? '')]: expect.stringContaining(`that of ${whole}`),
      [join(store.path, closed ?? '')]: expect.stringContaining('EISDIR'),
    });
  });

  test('a link in the place of a backup is no backup', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const id = idAt('2026-06-19T12:00:00Z');
    writeFileSync(join(outside, 'metadata.json'), formatMetadata(sampleMetadata({ id })));
    symlinkSync(outside, join(store.path, id));
    expect(await listedIds()).toEqual([]);
  });

  test('knows archives without a folder, and those that a damaged folder no longer claims', async () => {
    const id = idAt('2026-06-19T12:00:00Z');
    put(id);
    const names = ['alone.tar', 'alone.tar.gz', 'alone.tar.zst', 'alone.zip'];
    for (const name of names) writeFileSync(join(store.path, name), 'x');
    mkdirSync(join(store.path, 'folder.tar.gz'));
    symlinkSync('/etc/passwd', join(store.path, 'link.tar.gz'));
    const { loneArchives } = await listStore(store);
    expect(loneArchives.sort()).toEqual(names.map((name) => join(store.path, name)));
  });

  test('of a store that does not exist says so; one that could not be looked into is another thing', async () => {
    const nowhere = openStore({ path: join(folder, 'nowhere'), fileMode: 0o600, folderMode: 0o700 });
    await expect(listStore(nowhere)).rejects.toMatchObject({ code: 'STORE_NOT_FOUND', exitCode: 10 });
    writeFileSync(join(folder, 'file'), 'x');
    const file = openStore({ path: join(folder, 'file'), fileMode: 0o600, folderMode: 0o700 });
    await expect(listStore(file)).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
    chmodSync(store.path, 0o000);
    await expect(withoutPrivileges(() => listStore(store))).rejects.toMatchObject({ code: 'STORE_UNREADABLE' });
  });
});

test('the IDs of a store are those of whole backups, of half ones, and of archives that lie alone', () => {
  const [first, second, third] = ['01', '02', '03'].map((day) => idAt(`2026-06-${day}T00:00:00Z`));
  put(first ?? '');
  mkdirSync(join(store.path, second ?? ''));
  writeFileSync(join(store.path, `${third}.tar.gz`), 'x');
  writeFileSync(join(store.path, 'notes.txt'), 'x');
  expect([...new Set(idsInStore(store))].sort()).toEqual([first, second, third]);
});

describe('a store’s folders', () => {
  test.each(umasks)('have the modes of the settings, with the umask %o', (umask) => {
    const before = process.umask(umask);
    try {
      const fresh = openStore({ path: join(folder, 'deep', 'in', 'it'), fileMode: 0o640, folderMode: 0o750 });
      prepareStore(fresh);
      prepareStore(fresh);
      for (const path of [fresh.path, stateFolder(fresh), temporaryFolder(fresh)]) {
        expect((statSync(path).mode & 0o7777).toString(8)).toBe('750');
      }
    } finally {
      process.umask(before);
    }
  });

  test('that exist already keep the modes that somebody gave them', () => {
    mkdirSync(join(folder, 'mine'), { mode: 0o755 });
    prepareStore(openStore({ path: join(folder, 'mine'), fileMode: 0o600, folderMode: 0o700 }));
    expect(statSync(join(folder, 'mine')).mode & 0o777).toBe(0o755);
  });

  test('are not made in the place of a file, and not below one', () => {
    writeFileSync(join(folder, 'file'), 'x');
    for (const path of [join(folder, 'file'), join(folder, 'file', 'below')]) {
      const blocked = openStore({ path, fileMode: 0o600, folderMode: 0o700 });
      expect(() => prepareStore(blocked)).toThrow(/Could not write/);
    }
  });

  test('are not made where nobody may write', async () => {
    const closed = openStore({ path: join(folder, 'closed', 'store'), fileMode: 0o600, folderMode: 0o700 });
    mkdirSync(join(folder, 'closed'), { mode: 0o555 });
    const failure: unknown = await withoutPrivileges(() => {
      try {
        prepareStore(closed);
        return undefined;
      } catch (error) {
        return error;
      }
    });
    expect(failure).toMatchObject({ code: 'STORE_READ_ONLY', exitCode: 1 });
  });
});

test('leftovers of interrupted runs go, whatever they are, and nothing else', async () => {
  const id = idAt('2026-06-19T12:00:00Z');
  put(id);
  const bin = temporaryFolder(store);
  mkdirSync(join(bin, 'backup-half', 'folder', 'state'), { recursive: true });
  writeFileSync(join(bin, 'backup-half', 'archive'), 'half');
  writeFileSync(join(bin, 'file'), 'x');
  symlinkSync(store.path, join(bin, 'link'));
  expect(await removeLeftovers(store)).toBe(3);
  expect(readdirSync(bin)).toEqual([]);
  expect(await listedIds()).toEqual([id]);
  expect(await removeLeftovers(store)).toBe(0);
});
