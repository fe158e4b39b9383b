import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ChangeLists } from '../../lib/operations/change-lists.ts';
import type { OneSided } from '../../lib/operations/diff-result.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let lists: ChangeLists;
beforeEach(() => {
  folder = makeTemporaryFolder('changes');
  lists = new ChangeLists((name) => Promise.resolve(join(folder, name)));
});
afterEach(() => {
  lists.close();
  removeTemporaryFolder(folder);
});

const one = (at: number, change: OneSided['change'] = 'added'): OneSided => ({
  change,
  // Names of any bytes, and characters that end a line elsewhere.
  path: `state/caf\udce9 \u2028 "${at}"\n`,
  target: 'state',
  kind: 'file',
  size: at,
});

test('a list of any length comes back in its order, and as it was', async () => {
  for (let at = 0; at < 12_345; at += 1) await lists.add(one(at));
  expect(statSync(join(folder, 'added.json')).mode & 0o777).toBe(0o600);
  for (let reading = 0; reading < 2; reading += 1) {
    let at = 0;
    for (const change of lists.of('added')) {
      if (at % 1000 === 0 || at > 12_340) expect(change).toEqual(one(at));
      at += 1;
    }
    expect(at).toBe(12_345);
  }
  expect([...lists.of('removed')]).toEqual([]);
  expect(lists.counts).toEqual({ added: 12_345, changed: 0, removed: 0, moved: 0 });
  expect(lists.addedBytes).toBe((12_344 * 12_345) / 2);
});

test('a short one needs no file', async () => {
  for (let at = 0; at < 100; at += 1) await lists.add(one(at, 'removed'));
  expect([...lists.of('removed')]).toHaveLength(100);
  expect(existsSync(join(folder, 'removed.json'))).toBe(false);
});

test('what was held back comes first, and is counted', async () => {
  await lists.add(one(3));
  lists.putFirst([one(1), one(2)], [one(9, 'removed')]);
  expect([...lists.of('added')].map((change) => (change as OneSided).size)).toEqual([1, 2, 3]);
  expect(lists.counts).toMatchObject({ added: 3, removed: 1 });
  expect([lists.addedBytes, lists.removedBytes]).toEqual([6, 9]);
});
