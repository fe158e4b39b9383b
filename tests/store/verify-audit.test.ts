import { createHash } from 'node:crypto';
import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { noHash, type AuditLine } from '../../lib/store/audit-line.ts';
import { AuditRoom, auditKey } from '../support/audit-room.ts';

let room: AuditRoom;

beforeEach(async () => {
  room = new AuditRoom();
  await room.fill(6);
});

afterEach(() => room.remove());

const rechain = (lines: readonly string[]): string[] => {
  let prev = noHash;
  return lines.map((line) => {
    const text = line.replace(/"prev":"sha256:[0-9a-f]{64}"/, `"prev":"${prev}"`);
    prev = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    return text;
  });
};

async function keyed(count = 6): Promise<void> {
  room.remove();
  room = new AuditRoom({ key: auditKey });
  await room.fill(count);
}

test('a log that nobody touched is whole', async () => {
  expect(await room.verify()).toEqual({
    files: 1,
    lines: 6,
    macs: { checked: 0, unchecked: 0, none: 6 },
    problems: [],
    warnings: [],
  });
});

test('no log is no fault', async () => {
  rmSync(room.file);
  rmSync(room.head);
  expect(await room.verify()).toMatchObject({ files: 0, lines: 0, problems: [], warnings: [] });
});

describe('what somebody did to a log without a key is found:', () => {
  const fact = (line: string, at: number): string => line.replace(`"count":${at}`, `"count":${at}0`);

  test.each([1, 2, 4, 6])('line %i was changed', async (number) => {
    room.edit((lines) => lines.map((line, at) => (at === number - 1 ? line.replace('"me"', '"you"') : line)));
    expect(await room.problems()).toEqual([`audit-line-changed audit.log:${number}`]);
  });

  test.each([1, 3, 6])('line %i is something else', async (number) => {
    room.edit((lines) => lines.map((line, at) => (at === number - 1 ? 'hello' : line)));
    expect(await room.problems()).toEqual([`audit-line-changed audit.log:${number}`]);
  });

  test.each([
    ['the first is missing', [0], ['audit-lines-missing 1 before audit.log:1']],
    ['one in the middle is missing', [2], ['audit-lines-missing 3 before audit.log:3']],
    ['two in the middle are missing', [2, 3], ['audit-lines-missing 3–4 before audit.log:3']],
    ['the last is missing', [5], ['audit-lines-cut 6']],
    ['the last three are missing', [3, 4, 5], ['audit-lines-cut 4–6']],
    ['all are missing', [0, 1, 2, 3, 4, 5], ['audit-lines-cut 1–6']],
  ])('%s', async (_, gone, told) => {
    room.edit((lines) => lines.filter((_line, at) => !gone.includes(at)));
    expect(await room.problems()).toEqual(told);
  });

  test('two lines were exchanged', async () => {
    room.edit(([a, b, c, d, ...rest]) => [a!, b!, d!, c!, ...rest]);
    expect(await room.problems()).toEqual(['audit-line-order audit.log:4']);
  });

  test('the last two were exchanged', async () => {
    room.edit(([a, b, c, d, e, f]) => [a!, b!, c!, d!, f!, e!]);
    expect(await room.problems()).toEqual(['audit-line-order audit.log:6']);
  });

  test('a line was put in', async () => {
    room.edit(([a, b, ...rest]) => [a!, b!, b!, ...rest]);
    expect(await room.problems()).toEqual(['audit-line-order audit.log:3']);
  });

  test('a line of another kind was put in', async () => {
    room.edit(([a, b, ...rest]) => [a!, b!, 'hello', ...rest]);
    expect(await room.problems()).toEqual(['audit-line-changed audit.log:3']);
  });

  test('all hashes were made anew: the checkpoint knows', async () => {
    room.edit((lines) => rechain(lines.map((line, at) => (at === 2 ? fact(line, 2) : line))));
    expect(await room.problems()).toEqual(['audit-line-changed audit.log:6']);
  });

  test('the log was taken away', async () => {
    rmSync(room.file);
    expect(await room.problems()).toEqual(['audit-lines-cut 1–6']);
  });

  test('a line is longer than any of ours', async () => {
    room.edit((lines) => lines.map((line, at) => (at === 3 ? 'x'.repeat(3 << 20) : line)));
    expect(await room.problems()).toEqual(['audit-line-changed audit.log:4']);
  });

  test('the next line does not make it good', async () => {
    room.edit((lines) => lines.slice(0, -2));
    await room.append();
    expect(await room.problems()).toEqual(['audit-lines-missing 5–6 before audit.log:5']);

    room.edit(([first, ...rest]) => [first!, ...rest.slice(0, -1), rest.at(-1)!.replace('"me"', '"you"')]);
    await room.append();
    expect(await room.problems()).toContain('audit-line-changed audit.log:5');
  });

  test('neither does it when the whole log is gone', async () => {
    rmSync(room.file);
    await room.append();
    expect(await room.problems()).toEqual(['audit-lines-missing 1–6 before audit.log:1']);
  });
});

describe('a log of several files', () => {
  beforeEach(async () => {
    room.remove();
    room = new AuditRoom({ fullBytes: 600 });
    await room.fill(9);
  });

  const files = (): string[] =>
    readdirSync(room.store.path)
      .filter((name) => /^audit-\d+\.log$/.test(name))
      .sort();

  test('names the file and the line of a change', async () => {
    const [, second = ''] = files();
    room.edit((lines) => [lines[0]!.replace('"me"', '"you"'), ...lines.slice(1)], room.path(second));
    expect(await room.problems()).toEqual([`audit-line-changed ${second}:1`]);
  });

  test('misses a file, at the beginning and in the middle', async () => {
    const [first = '', second = '', third = 'audit.log'] = files();
    const lines = room.lines(room.path(first)).length;
    copyFileSync(room.path(first), `${room.folder}/kept`);
    rmSync(room.path(first));
    const range = lines === 1 ? '1' : `1–${lines}`;
    expect(await room.problems()).toEqual([`audit-lines-missing ${range} before ${second}:1`]);
    renameSync(`${room.folder}/kept`, room.path(first));
    rmSync(room.path(second));
    const [problem = ''] = await room.problems();
    expect(problem).toMatch(new RegExp(`^audit-lines-missing ${lines + 1}.* before ${third.replace('.', '\\.')}:1$`));
  });

  test('misses the newest one', async () => {
    rmSync(room.file);
    expect((await room.problems())[0]).toMatch(/^audit-lines-cut .*9$/);
  });
});

describe('with a key', () => {
  beforeEach(() => keyed());

  test('MACs are checked, and without it that is told', async () => {
    expect(await room.verify([auditKey])).toMatchObject({
      macs: { checked: 6, unchecked: 0 },
      problems: [],
      warnings: [],
    });
    const without = await room.verify();
    expect(without).toMatchObject({ macs: { checked: 0, unchecked: 6 }, problems: [] });
    expect(without.warnings).toMatchObject([{ code: 'audit-macs-unchecked', params: { count: 6, found: '1' } }]);
  });

  test('a change is found though every hash and the checkpoint were made anew', async () => {
    room.edit((lines) => rechain(lines.map((line, at) => (at === 2 ? line.replace('"me"', '"you"') : line))));
    const last = room.lines().at(-1)!;
    const hash = `sha256:${createHash('sha256').update(last).digest('hex')}`;
    writeFileSync(room.head, `${JSON.stringify({ seq: 6, hash })}\n`);
    expect(await room.problems()).toEqual([]);
    const problems = await room.problems([auditKey]);
    expect(problems.slice(0, 4)).toEqual([3, 4, 5, 6].map((line) => `audit-line-changed audit.log:${line}`));
  });

  test('one changed line is one problem, also where it names another number', async () => {
    room.edit((lines) => lines.map((line, at) => (at === 2 ? line.replace('"seq":3', '"seq":30') : line)));
    expect(await room.problems([auditKey])).toEqual(['audit-line-changed audit.log:3']);
  });

  test('lines that are cut off are missed though the checkpoint was made to fit', async () => {
    room.edit((lines) => lines.slice(0, -2));
    const hash = `sha256:${createHash('sha256').update(room.lines().at(-1)!).digest('hex')}`;
    writeFileSync(room.head, `${JSON.stringify({ seq: 4, hash })}\n`);
    expect(await room.problems()).toEqual([]);
    expect(await room.problems([auditKey])).toEqual([expect.stringMatching(/^audit-head-changed /)]);
    const { macSalt, keyCheck } = auditKey;
    writeFileSync(room.head, `${JSON.stringify({ seq: 4, hash, macSalt, keyCheck, mac: '0'.repeat(64) })}\n`);
    expect(await room.problems([auditKey])).toEqual([expect.stringMatching(/^audit-head-changed /)]);
  });

  test('a checkpoint whose MAC is wrong is not believed by the next line, and it is told for good', async () => {
    const { macSalt, keyCheck } = auditKey;
    const forged = { seq: 6, hash: noHash, macSalt, keyCheck, mac: '0'.repeat(64) };
    writeFileSync(room.head, `${JSON.stringify(forged)}\n`);
    await room.append();
    expect(await room.problems([auditKey])).toEqual([]);
    expect(await room.warnings([auditKey])).toEqual(['audit-head-lost']);
  });

  test('lines that were written without it after it are told', async () => {
    const { appendToAuditLog } = await import('../../lib/store/audit-log.ts');
    const { systemClock } = await import('../../lib/core/clock.ts');
    const entry = { act: 'verify', outcome: 'done', user: 'me', host: 'here' };
    await appendToAuditLog(room.store, entry, { clock: systemClock });
    const { macs, problems, warnings } = await room.verify([auditKey]);
    expect({ macs, problems }).toEqual({ macs: { checked: 6, unchecked: 0, none: 1 }, problems: [] });
    expect(warnings).toMatchObject([{ code: 'audit-unsigned', params: { path: 'audit.log', found: '7', count: 1 } }]);
  });

  test('what is given to who compares it with the store are lines that nobody forged', async () => {
    room.edit((lines) => lines.map((line, at) => (at === 2 ? line.replace('"me"', '"you"') : line)));
    const seen: AuditLine[] = [];
    await room.verify([auditKey], (line) => seen.push(line));
    expect(seen.map(({ seq }) => seq)).toEqual([1, 2, 4, 5, 6]);
  });
});

describe('the checkpoint', () => {
  test('is missed, and made anew by the next line, which says so', async () => {
    rmSync(room.head);
    expect(await room.warnings()).toEqual(['audit-head-missing']);
    await room.append();
    expect(await room.warnings()).toEqual(['audit-head-lost']);
    expect(await room.problems()).toEqual([]);
  });

  test('that is one behind is no fault: a kill came between', async () => {
    const head = readFileSync(room.head);
    await room.append();
    writeFileSync(room.head, head);
    expect(await room.verify()).toMatchObject({ problems: [], warnings: [] });
    await room.append();
    expect(await room.verify()).toMatchObject({ lines: 8, problems: [], warnings: [] });
  });

  test('that holds nothing, after the system went down, is missing', async () => {
    truncateSync(room.head, 0);
    expect(await room.warnings()).toEqual(['audit-head-missing']);
    writeFileSync(room.head, Buffer.alloc(512));
    expect(await room.warnings()).toEqual(['audit-head-missing']);
  });

  test.each(['[]', '{"seq":-1}', '{"seq":1e300,"hash":"x"}', 'x'.repeat(600)])('that is %j is told', async (text) => {
    writeFileSync(room.head, text);
    expect(await room.problems()).toEqual([expect.stringMatching(/^audit-head-changed /)]);
    await room.append();
    expect(await room.problems()).toEqual([]);
  });
});

test('a log that is nothing but damage is told in so many words, and no more', async () => {
  room.edit(() => Array.from({ length: 5000 }, () => 'x'));
  const { problems } = await room.verify();
  expect(problems.length).toBeLessThan(110);
  expect(problems.at(-1)).toMatchObject({ code: 'more-findings' });
});
