import Database from 'better-sqlite3';
import { BackupError, isSystemError, reasonOf } from './errors.ts';

/**
 * Opens a database with better-sqlite3, whose options these are.
 *
 * Since Node 24.19 an addon that was compiled against Node's own headers ends the process ("Assertion failed: (env) !=
 * nullptr") when one of its objects is collected while no JavaScript runs. So from Node 24 on the objects of this one are
 * kept until the process ends: some hundred bytes each, for closing a database frees what it held.
 * @throws SqliteError, with SQLite's own code; BackupError SQLITE_NOT_BUILT
 */
export function openSqlite(path: string, options?: Database.Options): Database.Database {
  const database = open(path, options);
  if (nodeMajor >= firstWithHooks) keepObjects(database);
  return database;
}

function open(path: string, options?: Database.Options): Database.Database {
  try {
    return new Database(path, options);
  } catch (error) {
    const isUnbuilt =
      isSystemError(error, 'ERR_DLOPEN_FAILED') || reasonOf(error).startsWith('Could not locate the bindings file');
    throw isUnbuilt ? new BackupError('SQLITE_NOT_BUILT', {}, { cause: error }) : error;
  }
}

const firstWithHooks = 24;
const nodeMajor = Number.parseInt(process.versions.node, 10);

const kept: unknown[] = [];
const patched = new WeakSet();

/** What the addon makes for a connection: each statement, of `pragma` too, and each online backup. */
interface NativeDatabase {
  prepare: (...args: unknown[]) => unknown;
  backup: (...args: unknown[]) => unknown;
}

function keepObjects(database: Database.Database): void {
  const natives = Object.getOwnPropertySymbols(database).map((key): unknown => Reflect.get(database, key));
  kept.push(database, ...natives);
  for (const native of natives) {
    const prototype = Object.getPrototypeOf(native) as NativeDatabase;
    if (patched.has(prototype)) continue;
    patched.add(prototype);
    prototype.prepare = keepingResults(prototype.prepare);
    prototype.backup = keepingResults(prototype.backup);
  }
}

function keepingResults(make: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
  return function (this: unknown, ...args) {
    const made = make.apply(this, args);
    kept.push(made);
    return made;
  };
}
