import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { expectOwnPlaces } from '../../lib/operations/colliding-entries.ts';
import { foldingOf, type NameFolding } from '../../lib/operations/name-folding.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import { placeStaged } from '../../lib/operations/place-staged.ts';
import { AttackRoom, lineOf } from '../support/attack-room.ts';
import { contextFor } from '../support/context-for.ts';

/**
 * Names that differ only in case, in the form of their letters, or in what stands at their end: here they are different files;
 * where they fall together the one would replace the other, so nothing is written there.
 */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const ignoringCase: NameFolding = { case: true, form: false, ends: false };
const ignoringForm: NameFolding = { case: false, form: true, ends: false };
const ignoringEnds: NameFolding = { case: false, form: false, ends: true };
const ignoringAll: NameFolding = { case: true, form: true, ends: true };
const exact: NameFolding = { case: false, form: false, ends: false };

/** Pairs of names, and the filesystems to which they are one. */
const pairs: [string, string, NameFolding][] = [
  ['state/App.json', 'state/app.json', ignoringCase],
  ['state/caf\u00e9', 'state/cafe\u0301', ignoringForm],
  ['STATE/\u00c9', 'state/e\u0301', ignoringAll],
  ['state/end', 'state/end.', ignoringEnds],
  ['state/end', 'state/end ', ignoringEnds],
  ['state/stra\u00dfe', 'state/STRASSE', ignoringCase],
  ['State', 'state/app.json', ignoringCase],
  ['Door/x', 'door', ignoringCase],
];

const placesOf =
  (...places: string[]) =>
  (visit: (place: string) => void): Promise<void> => {
    places.forEach(visit);
    return Promise.resolve();
  };

describe.each(pairs)('%j and %j', (one, other, folding) => {
  test('are refused where they are one, in any order', async () => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ] as const) {
      const check = expectOwnPlaces('/destination', placesOf('a', first, 'b/c', second), folding);
      const error = await check.catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'NAMES_COLLIDE' });
      expect(new Set((error as { params: { paths: string[] } }).params.paths)).toEqual(new Set([one, other]));
    }
  });

  test('are two where they are two', () =>
    expect(expectOwnPlaces('/destination', placesOf(one, other), exact)).resolves.toBeUndefined());
});

test('what has a place of its own is taken', () =>
  expect(
    expectOwnPlaces('/destination', placesOf('a', 'b/a', 'b/c', 'c', 'a.b', '.a'), ignoringAll),
  ).resolves.toBeUndefined());

describe('the trial of a filesystem', () => {
  test('leaves nothing, and knows this one', () => {
    expect(foldingOf(room.outside)).toEqual(exact);
    expect(readdirSync(room.outside).sort()).toEqual(['state', 'theirs']);
  });

  test('asks for the other spelling of what it has made', () => {
    const says =
      (answer: (path: string) => boolean) =>
      (path: string): boolean =>
        answer(path.slice(room.outside.length + 1));
    expect(
      foldingOf(
        room.outside,
        says((name) => /PROBE/i.test(name)),
      ),
    ).toEqual(ignoringCase);
    expect(
      foldingOf(
        room.outside,
        says((name) => name.includes('e\u0301')),
      ),
    ).toEqual(ignoringForm);
    expect(
      foldingOf(
        room.outside,
        says((name) => name.endsWith('.')),
      ),
    ).toEqual(ignoringEnds);
    expect(
      foldingOf(
        room.outside,
        says((name) => name.endsWith(' ')),
      ),
    ).toEqual(ignoringEnds);
  });
});

test('a restore to where they are one writes nothing at all', async () => {
  const { id } = await room.forged((lines) => [
    ...lines,
    { ...lineOf(lines, 'state/queue.json'), path: 'state/Queue.json', origin: 'state/Queue.json' },
  ]);
  const context = await contextFor(room.project.root);
  const backup = await openBackup(context, id, room.project.root);
  if (backup.kind !== 'backup') throw new Error('it is one of ours');
  const request = {
    destination: room.destination,
    overwrite: 'always',
    deleteExtra: false,
    skipBackup: true,
    verify: false,
  } as const;
  const { plan, destination, targets, select } = await planRestore(context, backup, request);
  const staging = placeStaged(
    context,
    {
      plan,
      destination,
      targets,
      extra: [],
      databases: [],
      placeOf: (entry) => select(entry) ?? entry.path,
      eachPlace: placesOf('state/Queue.json', 'state/queue.json'),
      foldingOf: () => ignoringCase,
      stage: () => Promise.reject(new Error('nothing is to be staged')),
    },
    undefined,
    () => undefined,
  );
  await expect(staging).rejects.toMatchObject({
    code: 'NAMES_COLLIDE',
    message: expect.stringMatching(/"state\/Queue.json" and "state\/queue.json"/),
  });
  expect(existsSync(room.destination)).toBe(false);
});

describe('on a filesystem that tells them apart', () => {
  const names = [
    'state/App.json',
    'state/app.json',
    'caf\u00e9',
    'cafe\u0301',
    'STATE/App.json',
    'end',
    'end.',
    'end ',
  ];

  test.each(['tar', 'zip'] as const)('all come back from a %s, each with its content', async (kind) => {
    const parts = names.map((name) => ({ name, content: `content of ${name}` }));
    await room.expectRestored(kind === 'tar' ? room.tar(...parts) : room.zip(...parts));
    for (const name of names) {
      expect(readFileSync(join(room.destination, name), 'utf8')).toBe(`content of ${name}`);
    }
  });

  test('all come back from a backup', async () => {
    for (const name of names) room.project.write(`state/${name}`, `content of ${name}`);
    const { id } = await room.forged((lines) => lines);
    await room.expectRestored(id);
    for (const name of names) {
      expect(readFileSync(join(room.destination, 'state', name), 'utf8')).toBe(`content of ${name}`);
    }
  });
});

test('a link and a file behind it in another case are refused, whatever the filesystem', async () => {
  await room.expectRefused(
    room.tar({ name: 'Door', type: '2', link: '.' }, { name: 'door/x', content: 'evil' }),
    /link/,
  );
  await room.expectRefused(
    room.zip({ name: 'caf\u00e9', content: '.', mode: 0o120777 }, { name: 'cafe\u0301/x', content: 'evil' }),
    /link/,
  );
});

test('what stands behind a link at the destination is not written to', async () => {
  mkdirSync(room.destination);
  symlinkSync(room.outside, join(room.destination, 'state'));
  const { id } = await room.forged((lines) => lines);
  const before = room.around();
  const restored = await room.restore(id);
  expect(restored.code).toBe(1);
  room.expectUntouched(before);
  expect(lstatSync(join(room.destination, 'state')).isSymbolicLink()).toBe(true);
});
