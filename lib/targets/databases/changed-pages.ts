import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { toSystemPath } from '../../core/path-bytes.ts';
import { numberOf } from './sqlite-shape.ts';

/** Which pages of a database differ from those of an earlier state. */
export interface ChangedPages {
  pageSize: number;
  /** One bit for each page of the database afterwards, from page 1 on. */
  bits: Uint8Array;
  count: number;
}

/** The pages that differ at their number; undefined where the two have pages of different sizes. */
export function changedPages(
  before: Database.Database,
  after: Database.Database,
  files: { before: string; after: string },
): ChangedPages | undefined {
  const pageSize = numberOf(after, 'page_size');
  if (numberOf(before, 'page_size') !== pageSize) return undefined;
  const old = openSync(toSystemPath(files.before), 'r');
  const now = openSync(toSystemPath(files.after), 'r');
  try {
    const pages = Math.ceil(fstatSync(now).size / pageSize);
    const changed = { pageSize, bits: new Uint8Array(Math.ceil(pages / 8)), count: 0 };
    const pagesARead = Math.max(1, Math.floor((1 << 20) / pageSize));
    const one = Buffer.alloc(pagesARead * pageSize);
    const other = Buffer.alloc(pagesARead * pageSize);
    for (let first = 0; first < pages; first += pagesARead) {
      const oldBytes = readWhole(old, one, first * pageSize);
      const nowBytes = readWhole(now, other, first * pageSize);
      if (oldBytes === nowBytes && one.compare(other, 0, nowBytes, 0, nowBytes) === 0) continue;
      for (let at = 0; at < nowBytes; at += pageSize) {
        const end = at + pageSize;
        if (end <= oldBytes && one.compare(other, at, end, at, end) === 0) continue;
        const page = first + at / pageSize;
        changed.bits[page >> 3] = (changed.bits[page >> 3] ?? 0) | (1 << (page & 7));
        changed.count += 1;
      }
    }
    return changed;
  } finally {
    // Closed in the process that has them open in SQLite too: nobody else locks or writes these copies.
    closeSync(old);
    closeSync(now);
  }
}

function readWhole(fd: number, into: Buffer, at: number): number {
  let got = 0;
  for (let read = -1; read !== 0 && got < into.length; got += read) {
    read = readSync(fd, into, got, into.length - got, at + got);
  }
  return got;
}

/** How many of the changed pages belong to each table, its indexes included. */
export function countPages(database: Database.Database, { bits }: ChangedPages): Map<string, number> {
  const tableOf = new Map(
    database.prepare<[], [string, string]>('SELECT name, tbl_name FROM sqlite_schema').raw().all(),
  );
  const counts = new Map<string, number>();
  // https://www.sqlite.org/dbstat.html: one row for each page that is in use.
  const pages = database.prepare<[], [string, number]>('SELECT name, pageno FROM dbstat').raw();
  for (const [name, page] of pages.iterate()) {
    const index = page - 1;
    if (((bits[index >> 3] ?? 0) & (1 << (index & 7))) === 0) continue;
    const table = tableOf.get(name);
    if (table !== undefined) counts.set(table, (counts.get(table) ?? 0) + 1);
  }
  return counts;
}
