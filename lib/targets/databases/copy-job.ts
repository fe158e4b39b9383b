import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { toSystemPath } from '../../core/path-bytes.ts';
import { backUpPages } from './back-up-pages.ts';
import { checkIntegrity } from './check-integrity.ts';
import { openForReading, resolvePath } from './open-for-reading.ts';
import { removeCopy } from './remove-copy.ts';
import type { JobContext } from './job-context.ts';
import { SqliteJobError, type SqliteCopy } from './sqlite-job.ts';
import { sqlitePath } from './sqlite-path.ts';
import { libraryVersion, readShape, shapeDifference, tableNames, type SqliteShape } from './sqlite-shape.ts';

/** Copies a database to a new file and proves the copy. Removes the file again where it fails. */
export async function copyJob(
  job: { source: string; destination: string; isChecked: boolean },
  context: JobContext,
): Promise<SqliteCopy> {
  const shape = await copyPages(job.source, job.destination, context);
  context.report({ bytes: shape.pages * shape.pageSize, totalBytes: shape.pages * shape.pageSize });
  // Nothing is held from here on, and the check of a large database takes longer than its copy.
  context.report('expendable');
  try {
    return proveCopy(job.destination, shape, job.isChecked);
  } catch (error) {
    removeCopy(job.destination);
    throw error;
  }
}

async function copyPages(from: string, destination: string, context: JobContext): Promise<SqliteShape> {
  // SQLite would remove the log of an empty file, and with it the last that there is of a database cut to nothing.
  if (statSync(toSystemPath(resolvePath(from))).size === 0) throw new SqliteJobError('corrupt', 'the file is empty');
  const source = openForReading(from, dirname(destination));
  try {
    const shape = readShape(source.database);
    if (shape.pages === 0) throw new SqliteJobError('corrupt', 'the file is empty');
    // SQLite would make the file readable by everyone; it keeps the mode of one that is there.
    closeSync(openSync(toSystemPath(destination), 'wx', 0o600));
    const name = sqlitePath(destination);
    try {
      chmodSync(toSystemPath(destination), 0o600);
      const isCopied = await backUpPages(source.database, name.path, shape, {
        isAborted: context.isAborted,
        report: (bytes, totalBytes) => context.report({ bytes, totalBytes }),
      });
      if (!isCopied) throw new SqliteJobError('busy', 'no pages were copied');
      return shape;
    } catch (error) {
      removeCopy(destination);
      throw error;
    } finally {
      name.dispose();
    }
  } finally {
    source.close();
  }
}

function proveCopy(destination: string, expected: SqliteShape, isChecked: boolean): SqliteCopy {
  const copy = openForReading(destination, dirname(destination));
  try {
    const found = readShape(copy.database);
    const difference = shapeDifference(expected, found);
    if (difference !== undefined) throw new SqliteJobError('failed', `the copy is not like its source: ${difference}`);
    const check = isChecked ? checkIntegrity(copy.database) : undefined;
    if (check?.isWhole === false) throw new SqliteJobError('corrupt', check.problems.slice(0, 5).join('; '));
    return {
      bytes: statSync(toSystemPath(destination)).size,
      pageSize: found.pageSize,
      pages: found.pages,
      tables: tableNames(copy.database),
      version: libraryVersion(copy.database),
      userVersion: found.userVersion,
      unchecked: check?.unchecked ?? [],
    };
  } finally {
    copy.close();
  }
}
