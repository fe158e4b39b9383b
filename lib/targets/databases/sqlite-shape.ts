import type Database from 'better-sqlite3';

/** What two copies of one database must agree in. */
export interface SqliteShape {
  pageSize: number;
  pages: number;
  userVersion: number;
  /** Every table, index, view and trigger with its definition and its root page, as JSON. */
  schema: string;
}

/** Reads a database's shape; within a transaction it is that of one moment. */
export function readShape(database: Database.Database): SqliteShape {
  const rows = database
    .prepare('SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema ORDER BY rowid')
    .raw()
    .all();
  return {
    pageSize: numberOf(database, 'page_size'),
    pages: numberOf(database, 'page_count'),
    userVersion: numberOf(database, 'user_version'),
    schema: JSON.stringify(rows),
  };
}

/** In what two shapes differ, or undefined. */
export function shapeDifference(expected: SqliteShape, found: SqliteShape): string | undefined {
  for (const key of ['pageSize', 'pages', 'userVersion'] as const) {
    if (expected[key] !== found[key]) return `its ${key} is ${found[key]} where ${expected[key]} is expected`;
  }
  return expected.schema === found.schema ? undefined : 'its tables are others';
}

/** Names of a database's tables, without SQLite's own, in the order of their making. */
export function tableNames(database: Database.Database): string[] {
  const names = database
    .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
    .pluck();
  return names.all().filter((name) => !name.startsWith('sqlite_'));
}

/** A pragma's value as a number. */
export function numberOf(database: Database.Database, pragma: string): number {
  return Number(database.pragma(pragma, { simple: true }));
}

/** The version of the SQLite library. */
export function libraryVersion(database: Database.Database): string {
  return database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
}

/** A name as an SQL identifier. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
