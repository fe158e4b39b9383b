import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasRawBytes, toSystemPath } from '../../core/path-bytes.ts';

/** A name under which better-sqlite3 opens a file, for as long as it is needed. */
export interface SqlitePath {
  path: string;
  dispose(): void;
}

/**
 * The name to give to better-sqlite3 for an absolute path. It takes text only, and trims it; so a name with bytes that
 * are not UTF-8, or with a space at its end, is reached through a link. SQLite itself follows the link and finds
 * `-wal` and `-journal` beside the real file (unixFullPathname in os_unix.c).
 */
export function sqlitePath(absolute: string): SqlitePath {
  if (!hasRawBytes(absolute) && absolute === absolute.trim()) return { path: absolute, dispose: () => {} };
  const folder = mkdtempSync(join(tmpdir(), 'ai-backup-sqlite-'));
  const path = join(folder, 'database.db');
  symlinkSync(toSystemPath(absolute), path);
  return { path, dispose: () => rmSync(folder, { recursive: true, force: true }) };
}
