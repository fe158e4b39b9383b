import type { SourceEntry } from '../core/entry.ts';
import { systemCode } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import { readSqliteHeader, sqliteCompanions } from '../targets/databases/sqlite-header.ts';
import { scan } from '../targets/scan-folder.ts';

export interface RawLogsOptions {
  root: string;
  target: string;
  report: (finding: Finding) => void;
}

/**
 * The log and the journal of a corrupt database, as entries beside its raw file: `<name>-wal` and `<name>-journal`, which
 * is where SQLite looks for them. They may hold rows that are nowhere else. The `-shm` is only an index of the log, and
 * an empty file holds nothing: neither is given.
 * @param origin the database, below the project root.
 * @param name where its raw file is kept.
 */
export function rawLogs(
  origin: string,
  name: { path: string; origin: string },
  { root, target, report }: RawLogsOptions,
): SourceEntry[] {
  const given = sqliteCompanions(origin);
  const kept = { path: sqliteCompanions(name.path), origin: sqliteCompanions(name.origin) };
  const options = { root, target, report, isExcluded: () => false, neverEnter: new Set<string>() };
  return (['wal', 'journal'] as const).flatMap((which) =>
    [...scan(given[which], kept.path[which], options)]
      .filter((one) => one.kind === 'file' && one.size > 0)
      .map((one) => ({ ...one, path: kept.path[which], origin: kept.origin[which] })),
  );
}

/** True for a file whose first bytes are not a SQLite database's; false where nobody can say. */
export function isUnlikeSqlite(absolute: string): boolean {
  try {
    return readSqliteHeader(absolute) === undefined;
  } catch (error) {
    // A fault of ours, not of the file.
    if (systemCode(error) === undefined) throw error;
    return false;
  }
}
