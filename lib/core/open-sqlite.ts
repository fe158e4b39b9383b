import Database from 'better-sqlite3';
import { realpathSync } from 'node:fs';
import { BackupError, isSystemError, reasonOf, systemCode } from './errors.ts';
import { decodePath, toSystemPath } from './path-bytes.ts';
import { strangeSuperJournal } from './super-journal.ts';

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
  refuseStrangeJournal(path);
  try {
    return new Database(path, options);
  } catch (error) {
    const isUnbuilt =
      isSystemError(error, 'ERR_DLOPEN_FAILED') || reasonOf(error).startsWith('Could not locate the bindings file');
    throw isUnbuilt ? new BackupError('SQLITE_NOT_BUILT', {}, { cause: error }) : error;
  }
}

/** Before SQLite has seen it: to open the database is to roll it back, and to delete what it names. */
function refuseStrangeJournal(path: string): void {
  if (strangeSuperJournal(`${realPath(path)}-journal`) === undefined) return;
  throw Object.assign(new Error('its journal names a file that SQLite did not make'), { code: 'SQLITE_CORRUPT' });
}

/** SQLite looks for a journal beside the file that a link leads to. */
function realPath(path: string): string {
  try {
    return decodePath(realpathSync.native(toSystemPath(path), { encoding: 'buffer' }));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return path;
  }
}

const firstWithHooks = 24;
const nodeMajor = Number.parseInt(process.versions.node, 10);

/** Where the addon's prototype holds what is kept: it outlives every instance of this module. */
const keptKey = Symbol.for('ai-backup.kept');

/** What the addon makes for a connection: each statement, of `pragma` too, and each online backup. */
interface NativeDatabase {
  [keptKey]?: Set<unknown>;
  prepare: NativeCall;
  backup: NativeCall;
  exec: NativeCall;
  close: NativeCall;
}
type NativeCall = (...args: unknown[]) => unknown;

function keepObjects(database: Database.Database): void {
  for (const key of Object.getOwnPropertySymbols(database)) {
    const native = Reflect.get(database, key) as NativeDatabase;
    const prototype = Object.getPrototypeOf(native) as NativeDatabase;
    if (prototype[keptKey] === undefined) {
      const kept = new Set<unknown>();
      prototype[keptKey] = kept;
      for (const name of ['prepare', 'backup', 'exec', 'close'] as const) {
        prototype[name] = keeping(prototype[name], kept);
      }
    }
    prototype[keptKey].add(native);
  }
}

function keeping(call: NativeCall, kept: Set<unknown>): NativeCall {
  return function (this: unknown, ...args) {
    const made = call.apply(this, args);
    kept.add(this);
    if (typeof made === 'object' && made !== null) {
      kept.add(made);
      keepIterators(made, kept);
    }
    return made;
  };
}

/** A statement makes iterators, which are objects of the addon as well. */
function keepIterators(statement: object, kept: Set<unknown>): void {
  const prototype = Object.getPrototypeOf(statement) as { iterate?: NativeCall; [keptKey]?: Set<unknown> };
  if (prototype.iterate === undefined || prototype[keptKey] !== undefined) return;
  prototype[keptKey] = kept;
  prototype.iterate = keeping(prototype.iterate, kept);
}
