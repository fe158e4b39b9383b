import { existsSync, rmSync, statSync } from 'node:fs';
import { openSqlite } from '../../core/open-sqlite.ts';
import { toSystemPath } from '../../core/path-bytes.ts';
import { sqliteCompanions } from './sqlite-header.ts';
import { SqliteJobError } from './sqlite-job.ts';
import { sqlitePath } from './sqlite-path.ts';

/** Rolls a journal back, moves a log's pages into the file, and leaves nothing beside it. For a copy that nobody else uses. */
export function foldJob(path: string): null {
  const name = sqlitePath(path);
  try {
    const database = openSqlite(name.path, { fileMustExist: true, timeout: 0 });
    try {
      // The first read recovers; without it a checkpoint would find nothing to do.
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
      database.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      database.close();
    }
  } finally {
    name.dispose();
  }
  const { wal, journal } = sqliteCompanions(path);
  for (const left of [wal, journal].map(toSystemPath)) {
    if (!existsSync(left)) continue;
    // A journal that SQLite does not take for one of this database is left alone by it: a closed one, say.
    if (left === toSystemPath(wal) && statSync(left).size > 0)
      throw new SqliteJobError('failed', 'its log could not be brought into it');
    rmSync(left);
  }
  return null;
}
