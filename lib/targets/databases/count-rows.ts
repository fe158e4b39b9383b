import type Database from 'better-sqlite3';
import { systemCode } from '../../core/errors.ts';
import { quoted } from './sqlite-shape.ts';

/** Undefined where the table needs a module or a function that only its application has. */
export function countRows(database: Database.Database, table: string): number | undefined {
  try {
    return database
      .prepare<[], number>(`SELECT count(*) FROM ${quoted(table)}`)
      .pluck()
      .get();
  } catch (error) {
    if (systemCode(error)?.startsWith('SQLITE_ERROR') === true) return undefined;
    throw error;
  }
}
