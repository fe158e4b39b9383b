import { rmSync } from 'node:fs';
import { toSystemPath } from '../../core/path-bytes.ts';
import { sqliteCompanions } from './sqlite-header.ts';

/** Removes a copy of ours, finished or not, and what SQLite made beside it. Never for a database that someone uses. */
export function removeCopy(path: string): void {
  const { wal, sharedMemory, journal } = sqliteCompanions(path);
  for (const one of [path, wal, sharedMemory, journal]) rmSync(toSystemPath(one), { force: true });
}
