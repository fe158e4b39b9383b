import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ChainRoom } from '../support/chain-room.ts';
import { forgeManifest } from '../support/forge-manifest.ts';

let room: ChainRoom;
beforeEach(() => {
  room = new ChainRoom();
  room.write('config/app.json', '{"name": "app"}\n');
  room.write('state/queue/one.json', '1');
  room.write('state/queue/two.json', '2');
  room.link('one.json', 'state/queue/link');
  room.write('state/empty', '');
});
afterEach(() => room.remove());

describe('an incremental backup', () => {
  test('of a project without changes stores nothing, and holds every line of its base', async () => {
    const full = await room.full();
    const next = await room.incremental();
    expect(next).toMatchObject({
      mode: 'incremental',
      base: full.id,
      files: full.files,
      size: full.size,
      warnings: full.warnings,
    });
    expect(room.members(next)).toEqual([]);
    expect([...room.entries(next).entries()]).toEqual([...room.entries(full).entries()]);
    expect(next.storedSize).toBeLessThan(full.storedSize);
  });

  test('holds what is new and what changed, and is whole all the same', async () => {
    await room.full();
    room.write('state/queue/two.json', 'changed');
    room.write('state/queue/new/three.json', '3');
    rmSync(room.path('state/queue/one.json'));
    chmodSync(room.path('config/app.json'), 0o600);
    const state = room.snapshot();
    const next = await room.incremental();
    const members = room.members(next);
    expect(members).toContain('state/queue/two.json');
    expect(members).toContain('state/queue/new/three.json');
    expect(members).not.toContain('state/queue/link');
    // Its mode changed, and its content did not.
    expect(members).not.toContain('config/app.json');
    expect([...room.entries(next).keys()]).not.toContain('state/queue/one.json');
    expect(await room.differences(next.id, state)).toEqual([]);
    expect(await room.verify(next.id)).toMatchObject({ ok: true, problems: [] });
  });

  test('has the chain in its metadata, and the newest backup as its base, up to maxIncrementals', async () => {
    room.settings({ incremental: { enabled: true, maxIncrementals: 2 } });
    const made = [];
    for (let day = 0; day < 5; day += 1) {
      room.write('state/queue/one.json', `day ${day}`);
      made.push(await room.create());
    }
    expect(made.map((one) => one.mode)).toEqual(['full', 'incremental', 'incremental', 'full', 'incremental']);
    expect(made.map((one) => one.base)).toEqual([undefined, made[0]?.id, made[1]?.id, undefined, made[3]?.id]);
    // Nobody asked for a mode, so that none has to be explained.
    expect(made.flatMap((one) => one.warnings).map((one) => one.code)).not.toContain('mode-full');
  });

  test('is a full one, and says so, where it was asked for and there is nothing to build on', async () => {
    const made = await room.incremental();
    expect(made.mode).toBe('full');
    expect(made.base).toBeUndefined();
    expect(made.warnings.map((one) => one.params)).toContainEqual({ kind: 'incremental', reason: 'no-base' });
  });

  test('builds on no backup of other targets', async () => {
    const all = await room.full();
    await room.full('--targets', 'config');
    const next = await room.incremental();
    expect(next.base).toBe(all.id);
  });
});

test('a differential backup builds on the newest full one, whatever came since', async () => {
  const full = await room.full();
  room.write('state/queue/one.json', 'monday');
  await room.incremental();
  room.write('state/queue/two.json', 'tuesday');
  const differential = await room.create('--mode', 'differential');
  expect(differential).toMatchObject({ mode: 'differential', base: full.id });
  expect(room.members(differential)).toEqual(expect.arrayContaining(['state/queue/one.json', 'state/queue/two.json']));
  expect(await room.differences(differential.id, room.snapshot())).toEqual([]);
});

describe('what has changed', () => {
  test('is told by ctime where size and mtime are as they were', async () => {
    const time = new Date('2026-01-01T00:00:00Z');
    utimesSync(room.path('state/queue/one.json'), time, time);
    await room.full();
    room.write('state/queue/one.json', '9');
    utimesSync(room.path('state/queue/one.json'), time, time);
    const next = await room.incremental();
    expect(room.members(next)).toEqual(['state/queue/one.json']);
  });

  /** A backup whose manifest says something else of one file than what is in it. */
  const forgeBase = async (isAged = true): Promise<void> => {
    const { directory } = await room.full('--targets', 'state');
    if (!isAged) room.setTime(directory, statSync(room.path('state/queue/one.json')).ctime);
    forgeManifest(directory, (lines) =>
      lines.map((one) => (one['path'] === 'state/queue/one.json' ? { ...one, sha256: 'f'.repeat(64) } : one)),
    );
  };
  const believed = async (...args: string[]): Promise<boolean> => {
    const next = await room.incremental('--targets', 'state', ...args);
    expect(next.mode).toBe('incremental');
    return room.entries(next).get('state/queue/one.json')?.sha256 === 'f'.repeat(64);
  };

  test('is not looked for in files of which the system tells nothing new', async () => {
    await forgeBase();
    expect(await believed()).toBe(true);
  });

  test('is looked for in every file with --rehash', async () => {
    await forgeBase();
    expect(await believed('--rehash')).toBe(false);
  });

  test('is looked for where a file was written to as late as the last backup began: times may be coarse', async () => {
    await forgeBase(false);
    expect(await believed()).toBe(false);
  });
});

describe('a content that is known', () => {
  const large = randomBytes(3_000_000);

  test.each(['config/app.json', 'state/large'])('is not stored again under another name: %s', async (from) => {
    room.write('state/large', large);
    await room.full();
    const copy = `${from}.copy`;
    copyFileSync(room.path(from), room.path(copy));
    renameSync(room.path(from), room.path(`${from}.moved`));
    const state = room.snapshot();
    const next = await room.incremental();
    expect(room.members(next).filter((name) => !name.endsWith('/'))).toEqual([]);
    expect(next.storedSize).toBeLessThan(20_000);
    expect(await room.differences(next.id, state)).toEqual([]);
  });

  test.each([-1, -600, -2000, 0, 600])(
    'is known of files around the size of a frame, too: 1 MiB and %d',
    async (more) => {
      const content = randomBytes((1 << 20) + more);
      room.write('state/file', content);
      await room.full('--compression', 'none');
      room.write('state/file', content);
      room.write('state/copy', content);
      const next = await room.incremental('--compression', 'none');
      expect(room.members(next).filter((name) => !name.endsWith('/'))).toEqual([]);
      expect(await room.differences(next.id, room.snapshot())).toEqual([]);
    },
  );

  test('is stored once where two new files have it', async () => {
    await room.full();
    for (const name of ['a', 'b', 'c']) room.write(`state/${name}`, 'the same words');
    for (const name of ['d', 'e']) room.write(`state/${name}`, large);
    const state = room.snapshot();
    const next = await room.incremental();
    expect(room.members(next).filter((name) => !name.endsWith('/'))).toEqual(['state/a', 'state/d']);
    expect(await room.differences(next.id, state)).toEqual([]);
  });

  test('is stored for each file in a full backup, which is a plain and complete tar', async () => {
    for (const name of ['a', 'b', 'c']) room.write(`state/${name}`, 'the same words');
    expect(room.members(await room.full())).toEqual(expect.arrayContaining(['state/a', 'state/b', 'state/c']));
  });
});

describe('a large file that changed in place', () => {
  const blocks = 16_384;
  const before = randomBytes(4 << 20);
  const overwrite = (from: number, bytes: Buffer): Buffer =>
    Buffer.concat([before.subarray(0, from), bytes, before.subarray(from + bytes.length)]);

  const cases: [string, Buffer, number][] = [
    ['one byte', overwrite(2_000_000, Buffer.from('x')), blocks],
    ['the first block', overwrite(0, randomBytes(10)), blocks],
    ['across a border of blocks', overwrite(blocks * 9 - 1, randomBytes(2)), 2 * blocks],
    ['appended to', Buffer.concat([before, randomBytes(100)]), 100],
    ['appended to within its last block', Buffer.concat([before.subarray(0, -5), randomBytes(3)]), blocks - 2],
    ['cut short at a border', before.subarray(0, 2 << 20), 0],
    ['cut short within a block', before.subarray(0, (2 << 20) + 5), 5],
    ['scattered changes', overwrite(5, overwrite(1_000_000, randomBytes(9)).subarray(5, 3_900_000)), 2 * blocks],
  ];

  test.each(cases)('is stored as its changed blocks: %s', async (_, after, bytes) => {
    room.write('state/file', before);
    await room.full();
    room.write('state/file', after);
    const state = room.snapshot();
    const next = await room.incremental();
    const members = room.members(next).filter((name) => !name.endsWith('/'));
    expect(members).toEqual(['.backup/blocks/state/file']);
    expect(next.storedSize).toBeLessThan(bytes + 20_000);
    expect(await room.differences(next.id, state)).toEqual([]);
    expect(await room.verify(next.id)).toMatchObject({ ok: true });
  });

  test('is stored whole where more than half of it changed, or it is small now', async () => {
    room.write('state/file', before);
    room.write('state/shrunk', before);
    await room.full();
    room.write('state/file', overwrite(0, randomBytes((2 << 20) + 1)));
    room.write('state/shrunk', before.subarray(0, 1000));
    const state = room.snapshot();
    const next = await room.incremental();
    expect(room.members(next)).toEqual(['state/file', 'state/shrunk']);
    expect(await room.differences(next.id, state)).toEqual([]);
  });

  test('is put together from all archives of a long chain', async () => {
    room.write('state/file', before);
    await room.full();
    const states = [];
    let content = before;
    for (let day = 0; day < 6; day += 1) {
      content = Buffer.concat([content, randomBytes(5000)]);
      randomBytes(40_000).copy(content, 700_000 * day + 123);
      room.write('state/file', content);
      states.push({ state: room.snapshot(), made: await room.incremental() });
    }
    for (const { state, made } of states) {
      expect(made.storedSize).toBeLessThan(100_000);
      expect(await room.differences(made.id, state)).toEqual([]);
    }
  });

  test('is found under another name by its inode: a log that was rotated and went on', async () => {
    room.write('state/log', before);
    await room.full();
    renameSync(room.path('state/log'), room.path('state/log.1'));
    writeFileSync(room.path('state/log.1'), randomBytes(2000), { flag: 'a' });
    const state = room.snapshot();
    const next = await room.incremental();
    expect(room.members(next)).toContain('.backup/blocks/state/log.1');
    expect(await room.differences(next.id, state)).toEqual([]);
  });

  test.each(['lost', 'garbage', 'another content'])('is found when the cache of block hashes is %s', async (how) => {
    room.settings({ incremental: { enabled: true } });
    room.write('state/file', before);
    room.write('state/other', randomBytes(4 << 20));
    await room.create();
    const cache = room.path('backups/.state/blocks');
    const names = readdirSync(cache);
    expect(names).toHaveLength(2);
    if (how === 'lost') rmSync(cache, { recursive: true });
    const [first = '', second = ''] = names.map((name) => `${cache}/${name}`);
    if (how === 'garbage') for (const file of [first, second]) writeFileSync(file, randomBytes(5000));
    if (how === 'another content') {
      const [one, other] = [readFileSync(first), readFileSync(second)];
      writeFileSync(first, other);
      writeFileSync(second, one);
    }
    room.write('state/file', overwrite(1000, randomBytes(10)));
    const state = room.snapshot();
    const next = await room.incremental();
    expect(room.members(next)).toEqual(['.backup/blocks/state/file']);
    expect(await room.differences(next.id, state)).toEqual([]);
  });
});

test('a base that is encrypted ends with 12, and nothing is written', async () => {
  writeFileSync(room.beside('base.tar.gz.enc'), Buffer.concat([Buffer.from('Salted__'), randomBytes(4096)]));
  const ended = await room.tool('create', '--base-backup', room.beside('base.tar.gz.enc'));
  expect([ended.code, existsSync(room.store)]).toEqual([12, false]);
});

test('a base that lies elsewhere under another name is found there again', async () => {
  const full = await room.full();
  const elsewhere = room.beside('renamed.tar.gz');
  renameSync(full.archive ?? '', elsewhere);
  rmSync(full.directory, { recursive: true });
  room.write('state/queue/one.json', 'changed');
  const next = await room.incremental('--base-backup', elsewhere);
  expect(next.base).toBe(full.id);
  expect(await room.verify(next.id)).toMatchObject({ ok: true });
  expect(await room.differences(next.id, room.snapshot())).toEqual([]);
});

test('an unchanged line of a name that JSON escapes is found again', async () => {
  const names = ['quote"', 'back\\slash', 'line\nbreak', '日本語', 'caf\u00e9', '{"path":"x"}', 'a,"sha256":"b'];
  for (const name of names) room.write(`state/odd/${name}`, name);
  mkdirSync(room.path('state/odd/folder"\\'), { recursive: true });
  const full = await room.full();
  const next = await room.incremental();
  expect(room.members(next)).toEqual([]);
  expect([...room.entries(next).keys()]).toEqual([...room.entries(full).keys()]);
  expect(await room.differences(next.id, room.snapshot())).toEqual([]);
});
