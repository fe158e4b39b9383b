import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, chownSync, linkSync, mkdirSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repairPermissions } from '../../lib/store/repair-permissions.ts';
import { findPermissionFaults, modeFault, type StoreItem } from '../../lib/store/store-permissions.ts';
import { openStore, type Store } from '../../lib/store/store.ts';
import { walkStore } from '../../lib/store/walk-store.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const modes = { folder: 0o700, file: 0o600 };
const me = process.geteuid?.() ?? 0;
const owners = new Set([me, 0]);
const id = 'backup-2026-11-21T09-58-06-280Z-b71d34';

const item = (more: Partial<StoreItem>): StoreItem => ({
  path: '/s/x',
  kind: 'file',
  mode: 0o600,
  uid: me,
  links: 1,
  ...more,
});

describe('what a mode allows', () => {
  test.each([
    [0o600, 0o600, undefined],
    [0o644, 0o600, 'readable'],
    [0o601, 0o600, 'readable'],
    [0o620, 0o600, 'writable'],
    [0o602, 0o600, 'writable'],
    [0o1777, 0o700, 'writable'],
    [0o640, 0o640, undefined],
    // Fewer bits for others are no fault, and neither is that the owner may run a file.
    [0o600, 0o640, undefined],
    [0o700, 0o600, undefined],
    [0o400, 0o600, 'closed'],
    [0o500, 0o700, 'closed'],
    // What others may do is worse than what the owner may not.
    [0o444, 0o600, 'readable'],
  ] as const)('%o where %o is allowed', (mode, allowed, fault) => {
    expect(modeFault(mode, allowed)).toBe(fault);
  });
});

describe('what is wrong in a store', () => {
  const faultsOf = (items: StoreItem[], given = modes): [string, number | undefined][] =>
    findPermissionFaults(items, given, owners).map(({ fault, wanted }) => [fault, wanted]);

  test('nothing, where modes are as they should be', () => {
    expect(faultsOf([item({}), item({ kind: 'folder', mode: 0o700, links: 5 })])).toEqual([]);
  });

  test('a mode that is set never opens anything to others', () => {
    expect(faultsOf([item({ mode: 0o604 })], { folder: 0o750, file: 0o640 })).toEqual([['readable', 0o600]]);
    expect(faultsOf([item({ mode: 0o666 })], { folder: 0o750, file: 0o640 })).toEqual([['writable', 0o640]]);
    expect(faultsOf([item({ mode: 0o000 })], { folder: 0o750, file: 0o640 })).toEqual([['closed', 0o600]]);
  });

  test('set-ID bits go, but for a folder that hands down its group', () => {
    expect(faultsOf([item({ mode: 0o6755 })])).toEqual([['readable', 0o600]]);
    expect(faultsOf([item({ kind: 'folder', mode: 0o2770 })])).toEqual([['writable', 0o2700]]);
  });

  test('what another user owns, and a file with a second name, is told and not touched', () => {
    expect(faultsOf([item({ uid: 4711, mode: 0o777 }), item({ mode: 0o644, links: 2 })])).toEqual([
      ['foreign', undefined],
      ['linked', undefined],
    ]);
  });
});

describe('in a folder', () => {
  let folder: string;
  let store: Store;

  const put = (name: string, mode: number): string => {
    const path = join(store.path, name);
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o755 });
    writeFileSync(path, name);
    chmodSync(path, mode);
    return path;
  };
  const modeOf = (name: string): string => (statSync(join(store.path, name)).mode & 0o7777).toString(8);

  beforeEach(() => {
    folder = makeTemporaryFolder('permissions');
    store = openStore({ path: join(folder, 'store'), fileMode: 0o600, folderMode: 0o700 });
  });

  afterEach(() => removeTemporaryFolder(folder));

  const repair = (): void => {
    repairPermissions(findPermissionFaults(walkStore(store)?.items ?? [], store.modes, owners));
  };

  test('where there is no store there is nothing to look at', () => {
    expect(walkStore(store)).toBeUndefined();
  });

  test('everything of the toolkit is set right, however deep, and nothing else', () => {
    const own = [
      `${id}.tar.gz`,
      `${id}.tar.gz.enc`,
      `${id}.tar.gz.enc.key`,
      'named.zip',
      'audit.log',
      'audit-2026.log',
      `${id}/metadata.json`,
      `${id}/manifest.jsonl.gz`,
      `${id}/manifest.jsonl.gz.enc`,
      `${id}/wrapped.key`,
      `${id}/RESTORE.md`,
      '.state/lock',
      '.state/blocks/deep/er',
      '.state/tmp/left',
    ];
    for (const name of own) put(name, 0o666);
    const others = [
      'README',
      'notes/secret.txt',
      `${id}/config/app.json`,
      `${id}/state/tool`,
      '.state/tmp/work/folder/x',
    ];
    for (const name of others) put(name, 0o755);
    chmodSync(join(store.path, id, 'config'), 0o777);
    chmodSync(store.path, 0o777);
    repair();
    for (const name of own) expect([name, modeOf(name)]).toEqual([name, '600']);
    for (const name of others) expect([name, modeOf(name)]).toEqual([name, '755']);
    for (const name of ['.', id, '.state', '.state/blocks', '.state/blocks/deep', '.state/tmp', '.state/tmp/work']) {
      expect([name, modeOf(name)]).toEqual([name, '700']);
    }
    // The tree of a plain backup keeps its own modes, folders too.
    expect([modeOf(`${id}/config`), modeOf('.state/tmp/work/folder'), modeOf('notes')]).toEqual(['777', '755', '755']);
    expect(findPermissionFaults(walkStore(store)?.items ?? [], store.modes, owners)).toEqual([]);
  });

  test('no link is followed, into the store or out of it', () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside, { mode: 0o755 });
    writeFileSync(join(outside, 'metadata.json'), '{}', { mode: 0o644 });
    mkdirSync(join(store.path, id), { recursive: true });
    symlinkSync(outside, join(store.path, 'backup-2026-11-21T09-58-06-281Z-b71d35'));
    symlinkSync(outside, join(store.path, '.state'));
    symlinkSync(join(outside, 'metadata.json'), join(store.path, 'linked.tar.gz'));
    symlinkSync(join(outside, 'metadata.json'), join(store.path, id, 'metadata.json'));
    repair();
    expect((statSync(outside).mode & 0o777).toString(8)).toBe('755');
    expect((statSync(join(outside, 'metadata.json')).mode & 0o777).toString(8)).toBe('644');
  });

  test('a file that became a link after it was looked at is left alone', () => {
    const path = put(`${id}.tar.gz`, 0o644);
    const faults = findPermissionFaults(walkStore(store)?.items ?? [], store.modes, owners);
    const target = join(folder, 'target');
    writeFileSync(target, '', { mode: 0o644 });
    writeFileSync(path, '');
    symlinkSync(target, `${path}.new`);
    renameSync(`${path}.new`, path);
    const done = repairPermissions(faults);
    expect((statSync(target).mode & 0o777).toString(8)).toBe('644');
    expect(done.find((one) => one.finding.item.path === path)?.failed).toBe('ELOOP');
  });

  test('a file with a second name outside keeps its mode', () => {
    const path = put('a.tar.gz', 0o644);
    linkSync(path, join(folder, 'second'));
    repair();
    expect(modeOf('a.tar.gz')).toBe('644');
  });

  test('a store that is a link to a larger disk is looked at there', () => {
    put('a.tar', 0o644);
    symlinkSync(store.path, join(folder, 'link'));
    const linked = { ...store, path: join(folder, 'link') };
    chmodSync(store.path, 0o755);
    const items = walkStore(linked)?.items ?? [];
    expect(items[0]?.path).toBe(store.path);
    repairPermissions(findPermissionFaults(items, store.modes, owners));
    expect([modeOf('.'), modeOf('a.tar')]).toEqual(['700', '600']);
  });

  test('what belongs to somebody else is told, and its mode is not changed', () => {
    if (me !== 0) return;
    chownSync(put('a.tar', 0o644), 4711, 4711);
    const faults = findPermissionFaults(walkStore(store)?.items ?? [], store.modes, owners);
    expect(faults.map(({ fault, item: { path } }) => [fault, path])).toContainEqual([
      'foreign',
      join(store.path, 'a.tar'),
    ]);
    repairPermissions(faults);
    expect(modeOf('a.tar')).toBe('644');
  });
});
