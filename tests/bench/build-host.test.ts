import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildHost, fullHost, type HostSummary } from '../../bench/build-host.ts';
import { buildManyFiles } from '../../bench/build-many-files.ts';
import { changeDay } from '../../bench/change-day.ts';
import { differences, filesBelow } from '../../bench/compare-trees.ts';

const scale = 0.005;

/** Path, size, time and hash of every file: what makes two hosts the same. */
function fingerprint(root: string): string[] {
  return filesBelow(root)
    .sort()
    .map((path) => {
      const { size, mtimeMs } = lstatSync(join(root, path));
      const hash = createHash('sha256').update(readFileSync(join(root, path)));
      return `${path} ${size} ${mtimeMs} ${hash.digest('hex')}`;
    });
}

function gzipRatio(file: string): number {
  const content = readFileSync(file);
  return content.length / gzipSync(content, { level: 6 }).length;
}

describe('the host that is measured on', () => {
  let folder: string;
  let host: string;
  let summary: HostSummary;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-host-'));
    host = join(folder, 'host');
    summary = buildHost(host, { scale });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds what its summary says, in proportion to the whole one', () => {
    const files = filesBelow(host);
    expect(files).toHaveLength(summary.files);
    expect(files.reduce((sum, path) => sum + lstatSync(join(host, path)).size, 0)).toBe(summary.bytes);
    expect(files.filter((path) => path.startsWith('agents/notes/'))).toHaveLength(fullHost.notes * scale);
    expect(files.filter((path) => path.startsWith('state/'))).toHaveLength(fullHost.states * scale);
    expect(summary.logBytes / scale / fullHost.logBytes).toBeCloseTo(1, 1);
    expect(summary.databaseBytes).toBeGreaterThanOrEqual(fullHost.databaseBytes * scale);
  });

  test('is the same to the byte and the second each time, and another with another seed', () => {
    const again = join(folder, 'again');
    const other = join(folder, 'other');
    buildHost(again, { scale });
    buildHost(other, { scale, seed: 2 });
    expect(fingerprint(again)).toEqual(fingerprint(host));
    expect(fingerprint(other)).not.toEqual(fingerprint(host));
  });

  test('has a sound database in WAL mode, with nothing left in the WAL', () => {
    expect(readdirSync(join(host, 'data')).sort()).toEqual(['app.db', 'uploads']);
    const database = new Database(join(host, 'data/app.db'), { readonly: true });
    try {
      expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
      expect(database.pragma('foreign_key_check')).toEqual([]);
    } finally {
      database.close();
    }
    rmSync(join(host, 'data/app.db-shm'), { force: true });
    rmSync(join(host, 'data/app.db-wal'), { force: true });
  });

  test('compresses as real projects do: logs and databases three to four times, uploads not at all', () => {
    expect(gzipRatio(join(host, 'logs/api.jsonl'))).toBeGreaterThan(3);
    expect(gzipRatio(join(host, 'logs/api.jsonl'))).toBeLessThan(4.5);
    expect(gzipRatio(join(host, 'data/app.db'))).toBeGreaterThan(2.5);
    expect(gzipRatio(join(host, 'data/app.db'))).toBeLessThan(4.5);
    expect(gzipRatio(join(host, 'data/uploads/upload-000.bin'))).toBeLessThan(1.01);
  });

  test('lives through a day that changes the same bytes each time', () => {
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    for (const root of [one, two]) buildHost(root, { scale });
    const day = changeDay(one, { scale, day: 1 });
    changeDay(two, { scale, day: 1 });
    expect(fingerprint(one)).toEqual(fingerprint(two));

    const changed = differences(host, one).map((line) => line.replace(/ is different$/, ''));
    expect(changed).toContain('data/app.db');
    expect(changed.filter((path) => path.startsWith('logs/'))).toHaveLength(5);
    const notes = changed.filter((path) => path.startsWith('agents/notes/'));
    expect(notes).toHaveLength(day.notes);
    expect(changed).toHaveLength(1 + 5 + notes.length);
    const before = readFileSync(join(host, 'logs/api.jsonl'));
    const after = readFileSync(join(one, 'logs/api.jsonl'));
    expect(after.subarray(0, before.length).equals(before)).toBe(true);
    expect(after.length - before.length).toBeGreaterThanOrEqual(Math.floor(day.logBytes / 5));
    expect(count(one, 'events') - count(host, 'events')).toBe(day.insertedRows);
    expect(count(one, 'tasks')).toBe(count(host, 'tasks'));

    changeDay(one, { scale, day: 2 });
    expect(fingerprint(one)).not.toEqual(fingerprint(two));
  });
});

function count(root: string, table: string): number {
  const database = new Database(join(root, 'data/app.db'), { readonly: true });
  try {
    return Number(database.prepare(`SELECT count(*) FROM ${table}`).pluck().get());
  } finally {
    database.close();
  }
}

test('a project of very many files holds exactly that many, a hundred a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-many-'));
  try {
    const bytes = buildManyFiles(folder, 10_250);
    const files = filesBelow(join(folder, 'many'));
    expect(files).toHaveLength(10_250);
    expect(readdirSync(join(folder, 'many'))).toEqual(['000', '001']);
    expect(readdirSync(join(folder, 'many/000/099'))).toHaveLength(100);
    expect(files.reduce((sum, path) => sum + lstatSync(join(folder, 'many', path)).size, 0)).toBe(bytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
