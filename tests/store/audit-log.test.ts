import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../lib/core/clock.ts';
import { withAuditLock } from '../../lib/store/audit-lock.ts';
import { keepsAuditLog } from '../../lib/store/audit-log.ts';
import { listStore } from '../../lib/store/store.ts';
import { AuditRoom, auditKey } from '../support/audit-room.ts';
import { sampleId } from '../support/sample-metadata.ts';
import { mkdirSync } from 'node:fs';

let room: AuditRoom;

beforeEach(() => {
  room = new AuditRoom();
});

afterEach(() => room.remove());

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const parsed = (): Record<string, unknown>[] => room.lines().map((line) => JSON.parse(line) as Record<string, unknown>);

describe('an audit log', () => {
  test('has a line an act, each with the hash of the one before', async () => {
    await room.append({ act: 'create', backup: sampleId, facts: { files: 3, removed: ['a', 'b'] } });
    await room.append({ outcome: 'failed' });
    const [first, second] = parsed();
    expect(first).toEqual({
      seq: 1,
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      act: 'create',
      outcome: 'done',
      user: 'me',
      host: 'here',
      backup: sampleId,
      files: 3,
      removed: ['a', 'b'],
      prev: sha256('').replace(/[0-9a-f]{64}/, '0'.repeat(64)),
    });
    expect(second).toMatchObject({ seq: 2, outcome: 'failed', prev: sha256(room.lines()[0]!) });
  });

  test('is for its owner alone, like its checkpoint, and is nothing that a store lists', async () => {
    await room.fill(2);
    for (const file of [room.file, room.head]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await listStore(room.store)).toEqual({ backups: [], unreadable: [], loneArchives: [] });
  });

  test('with a key ends each line in its HMAC, which openssl can make too', async () => {
    await room.append({}, auditKey);
    const [line = ''] = room.lines();
    const match = /^(.*),"mac":"([0-9a-f]{64})"\}$/.exec(line)!;
    expect(match[2]).toBe(createHmac('sha256', auditKey.key).update(`${match[1]}}`).digest('hex'));
    const out = await promisify(execFile)('bash', [
      '-c',
      `sed 's/,"mac":"[0-9a-f]*"}$/}/' "$1" | tr -d '\\n' | openssl dgst -sha256 -mac HMAC -macopt hexkey:"$2" -r`,
      'bash',
      room.file,
      auditKey.key.toString('hex'),
    ]);
    expect(out.stdout.slice(0, 64)).toBe(match[2]);
    expect(await room.problems([auditKey])).toEqual([]);
  });

  test('goes on in a new file when one is full, and the chain with it', async () => {
    room.remove();
    room = new AuditRoom({ fullBytes: 600 });
    await room.fill(10);
    const names = readdirSync(room.store.path).filter((name) => name.startsWith('audit'));
    expect(names.length).toBeGreaterThan(2);
    expect(names).toEqual(expect.arrayContaining(['audit.log', 'audit-1.log']));
    const { lines, files, problems, warnings } = await room.verify();
    expect({ lines, files, problems, warnings }).toEqual({
      lines: 10,
      files: names.length,
      problems: [],
      warnings: [],
    });
    const second = names.find((name) => /^audit-([2-9])\.log$/.test(name))!;
    expect(JSON.parse(room.lines(room.path(second))[0]!)).toMatchObject({
      seq: Number(/\d+/.exec(second)![0]),
      prev: sha256(room.lines(room.path('audit-1.log')).at(-1)!),
    });
  });

  test('goes on after a kill between a rotation and the first line of the new file', async () => {
    room.remove();
    room = new AuditRoom({ fullBytes: 600 });
    await room.fill(5);
    expect(existsSync(room.file)).toBe(true);
    rmSync(room.file);
    rmSync(room.head);
    const before = readdirSync(room.store.path).filter((name) => /^audit-\d+\.log$/.test(name));
    expect(before).not.toEqual([]);
    await room.append();
    expect(await room.problems()).toEqual([]);
  });

  test('reads no more than the end of a long log to add a line', async () => {
    await room.fill(2);
    const long = 'x'.repeat(100_000);
    await room.append({ facts: { long } });
    await room.append();
    expect(parsed()[3]).toMatchObject({ seq: 4, prev: sha256(room.lines()[2]!) });
    expect(await room.problems()).toEqual([]);
  });

  test('is written by several processes at once, and no line is lost', async () => {
    const program = `
      import { appendToAuditLog } from '${new URL('../../dist/lib/store/audit-log.js', import.meta.url).href}';
      import { systemClock } from '${new URL('../../dist/lib/core/clock.js', import.meta.url).href}';
      const store = { path: process.argv[1], modes: { file: 0o600, folder: 0o700 } };
      for (let at = 0; at < 20; at += 1) {
        const entry = { act: 'verify', outcome: 'done', user: 'me', host: process.argv[2], facts: { count: at } };
        await appendToAuditLog(store, entry, { clock: systemClock });
      }
    `;
    const run = (name: string): Promise<unknown> =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, room.store.path, name]);
    await Promise.all([run('one'), run('two'), run('three')]);
    const { lines, problems, warnings } = await room.verify();
    expect({ lines, problems, warnings }).toEqual({ lines: 60, problems: [], warnings: [] });
  });

  test('is written by several acts of one process at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, at) => room.append({ facts: { count: at } })));
    const { lines, problems } = await room.verify();
    expect({ lines, problems }).toEqual({ lines: 20, problems: [] });
  });

  test('waits for the lock, and gives up in the end', async () => {
    await room.append();
    const { openSqlite } = await import('../../lib/core/open-sqlite.ts');
    const other = openSqlite(room.path('.state/audit-lock'), { timeout: 0 });
    other.exec('BEGIN EXCLUSIVE');
    let ms = 0;
    const clock = { ...systemClock, monotonicMs: () => ms, sleep: async (more: number) => void (ms += more) };
    await expect(withAuditLock(room.store, clock, () => 'in')).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect(ms).toBeGreaterThanOrEqual(5000);
    const patient = { ...clock, sleep: async () => void other.close() };
    ms = 0;
    expect(await withAuditLock(room.store, patient, () => 'in')).toBe('in');
  });

  test('does not follow a link that stands in its place', async () => {
    const elsewhere = `${room.folder}/elsewhere`;
    writeFileSync(elsewhere, 'mine\n');
    symlinkSync(elsewhere, room.file);
    await expect(room.append()).rejects.toMatchObject({ code: 'BACKUP_UNREADABLE' });
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine\n');
  });

  test('is kept where there is a backup or a log, and nowhere else', async () => {
    expect(keepsAuditLog(room.store)).toBe(false);
    mkdirSync(room.path(sampleId));
    expect(keepsAuditLog(room.store)).toBe(true);
    rmSync(room.path(sampleId), { recursive: true });
    await room.append();
    expect(keepsAuditLog(room.store)).toBe(true);
    expect(keepsAuditLog({ ...room.store, path: `${room.folder}/nowhere` })).toBe(false);
  });
});

describe('a line that a kill cut short', () => {
  /** The last line cut short, before its checkpoint was written. */
  async function tear(): Promise<void> {
    await room.fill(3);
    appendFileSync(room.file, '{"seq":4,"at":"2026-');
  }

  test('is told as that, and not as a change', async () => {
    await tear();
    expect(await room.problems()).toEqual([]);
    expect((await room.verify()).warnings).toMatchObject([{ code: 'audit-line-torn', params: { count: 4 } }]);
  });

  test('stays as it is, and the next line follows its bytes', async () => {
    await tear();
    await room.fill(2);
    expect(room.lines()[3]).toBe('{"seq":4,"at":"2026-');
    expect(parsed.bind(undefined)).toThrow();
    const next = JSON.parse(room.lines()[4]!) as Record<string, unknown>;
    expect(next).toMatchObject({ seq: 5, torn: true, prev: sha256('{"seq":4,"at":"2026-') });
    expect(await room.problems()).toEqual([]);
    expect(await room.warnings()).toEqual(['audit-line-torn']);
  });

  test('that lacks its line feed only is whole', async () => {
    await room.fill(2);
    const head = readFileSync(room.head);
    await room.append();
    truncateSync(room.file, statSync(room.file).size - 1);
    writeFileSync(room.head, head);
    await room.append();
    expect(await room.problems()).toEqual([]);
    expect(parsed().map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
  });

  test('is a change where the checkpoint says that it was whole', async () => {
    await room.fill(3);
    truncateSync(room.file, statSync(room.file).size - 20);
    expect(await room.problems()).toEqual(['audit-line-changed audit.log:3']);
    await room.append();
    expect(await room.problems()).not.toEqual([]);
  });
});
