/** What the toolkit does with SQLite databases. The rest of this folder is how. */
export { checkSqlite, describeSqlite, type SqliteCheckOptions } from './check-sqlite.ts';
export { copySqlite, type SqliteCopyRequest } from './copy-sqlite.ts';
export { diffSqlite } from './diff-sqlite.ts';
export { foldSqlite } from './fold-sqlite.ts';
export {
  probeSqliteRestore,
  restoreSqlite,
  type SqliteRestoreProof,
  type SqliteRestoreRequest,
} from './restore-sqlite.ts';
export type { SqliteCheck, SqliteCopy, SqliteDescription, SqliteDifferences } from './sqlite-job.ts';
