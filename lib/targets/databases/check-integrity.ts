import type Database from 'better-sqlite3';
import { reasonOf, systemCode } from '../../core/errors.ts';
import type { SqliteCheck } from './sqlite-job.ts';
import { quoted, tableNames } from './sqlite-shape.ts';

const problemLimit = 20;

/**
 * SQLite's own full check of a database. Throws what is not about its content (busy, I/O).
 *
 * A database may use functions and collations that only its application has; then the check cannot run as a whole, and
 * its tables are checked one by one: what cannot be checked is read to the end, and named as unchecked.
 */
export function checkIntegrity(database: Database.Database): SqliteCheck {
  // Mapped memory is read at twice the speed of pages that are copied; mapping all of a large database would count as
  // memory of this process.
  database.pragma('mmap_size = 33554432');
  database.pragma('cache_size = -16000');
  try {
    return outcome(database.pragma(`integrity_check(${problemLimit})`, { simple: false }));
  } catch (error) {
    if (isCorruption(error)) return { isWhole: false, problems: [reasonOf(error)], unchecked: [] };
    if (!needsApplication(error)) throw error;
    return checkTables(database);
  }
}

function checkTables(database: Database.Database): SqliteCheck {
  const problems: string[] = [];
  const unchecked: string[] = [];
  for (const table of tableNames(database)) {
    try {
      problems.push(...outcome(database.pragma(`integrity_check(${quoted(table)})`)).problems);
    } catch (error) {
      if (isCorruption(error)) problems.push(`${table}: ${reasonOf(error)}`);
      else if (needsApplication(error)) {
        unchecked.push(table);
        problems.push(...readThrough(database, table));
      } else throw error;
    }
  }
  return { isWhole: problems.length === 0, problems: problems.slice(0, problemLimit), unchecked };
}

function readThrough(database: Database.Database, table: string): string[] {
  try {
    database.prepare(`SELECT count(*) FROM ${quoted(table)} NOT INDEXED`).get();
    return [];
  } catch (error) {
    if (isCorruption(error)) return [`${table}: ${reasonOf(error)}`];
    if (needsApplication(error)) return [];
    throw error;
  }
}

function outcome(rows: unknown): SqliteCheck {
  const lines = (rows as { integrity_check: string }[]).map((row) => row.integrity_check);
  const isWhole = lines.length === 1 && lines[0] === 'ok';
  return { isWhole, problems: isWhole ? [] : lines, unchecked: [] };
}

function isCorruption(error: unknown): boolean {
  return /^SQLITE_(?:CORRUPT|NOTADB)/.test(systemCode(error) ?? '');
}

/** SQLITE_ERROR: a statement that cannot be prepared here, such as "no such collation sequence: japanese". */
function needsApplication(error: unknown): boolean {
  return /^SQLITE_ERROR/.test(systemCode(error) ?? '');
}
