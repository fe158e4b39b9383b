import { dirname } from 'node:path';
import { countRows } from './count-rows.ts';
import type Database from 'better-sqlite3';
import { changedPages, countPages, type ChangedPages } from './changed-pages.ts';
import type { JobContext } from './job-context.ts';
import { openForReading } from './open-for-reading.ts';
import { SqliteJobError, type SqliteDifferences, type SqliteSchemaChange } from './sqlite-job.ts';
import { tableNames } from './sqlite-shape.ts';

interface SchemaRow {
  type: string;
  name: string;
  tbl_name: string;
  sql: string | null;
}

/** In what two copies of a database differ: tables, their rows, definitions, pages. Nobody writes to either. */
export function differencesJob(job: { before: string; after: string }, context: JobContext): SqliteDifferences {
  context.report('expendable');
  const before = openForReading(job.before, dirname(job.before));
  try {
    const after = openForReading(job.after, dirname(job.after));
    try {
      const pages = changedPages(before.database, after.database, job);
      return { ...differences(before.database, after.database, pages, context), ...bytesOf(pages) };
    } finally {
      after.close();
    }
  } finally {
    before.close();
  }
}

function differences(
  before: Database.Database,
  after: Database.Database,
  pages: ChangedPages | undefined,
  context: JobContext,
): SqliteDifferences {
  const old = new Set(tableNames(before));
  const now = new Set(tableNames(after));
  const found: SqliteDifferences = { added: [], removed: [], tables: [], schemaChanged: schemaChanges(before, after) };
  const pagesByTable = pages === undefined ? new Map<string, number>() : countPages(after, pages);
  for (const name of now) {
    if (context.isAborted()) throw new SqliteJobError('aborted', 'interrupted');
    const rowsAfter = countRows(after, name);
    if (!old.has(name)) {
      found.added.push({ name, ...(rowsAfter === undefined ? {} : { rows: rowsAfter }) });
      continue;
    }
    const rowsBefore = countRows(before, name);
    const changed = pagesByTable.get(name) ?? 0;
    if (rowsBefore === rowsAfter && changed === 0) continue;
    found.tables.push({
      name,
      ...(rowsBefore === undefined ? {} : { rowsBefore }),
      ...(rowsAfter === undefined ? {} : { rowsAfter }),
      ...(pages === undefined ? {} : { pages: changed }),
    });
  }
  for (const name of old) {
    if (now.has(name)) continue;
    const rows = countRows(before, name);
    found.removed.push({ name, ...(rows === undefined ? {} : { rows }) });
  }
  return found;
}

/** Definitions that came, went or changed. A table that came or went is told with its rows, and its indexes with it. */
function schemaChanges(before: Database.Database, after: Database.Database): SqliteSchemaChange[] {
  const old = schemaOf(before);
  const now = schemaOf(after);
  const changes: SqliteSchemaChange[] = [];
  const isOfBoth = ({ tbl_name: table }: SchemaRow): boolean => {
    const key = `table ${table}`;
    // A view is a table of its own.
    return old.has(key) === now.has(key);
  };
  for (const [key, row] of now) {
    const was = old.get(key);
    if (was?.sql === row.sql || (row.type === 'table' && was === undefined) || !isOfBoth(row)) continue;
    const { type, name } = row;
    changes.push({ type, name, ...(was === undefined ? {} : { before: was.sql ?? '' }), after: row.sql ?? '' });
  }
  for (const [key, row] of old) {
    if (now.has(key) || row.type === 'table' || !isOfBoth(row)) continue;
    changes.push({ type: row.type, name: row.name, before: row.sql ?? '' });
  }
  return changes;
}

/** By type and name, without what SQLite makes by itself. */
function schemaOf(database: Database.Database): Map<string, SchemaRow> {
  const rows = database
    .prepare<[], SchemaRow>('SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid')
    .all();
  return new Map(rows.filter(({ name }) => !name.startsWith('sqlite_')).map((row) => [`${row.type} ${row.name}`, row]));
}

const bytesOf = (pages: ChangedPages | undefined): { bytes?: number } =>
  pages === undefined ? {} : { bytes: pages.count * pages.pageSize };
