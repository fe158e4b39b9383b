import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { pick } from './history-files.ts';
import type { DatabaseStep } from './history-steps.ts';
import { seededBytes } from './seeded-bytes.ts';

/** Below a folder that no other target holds, and in one of a target's own. */
export const databaseNames = ['data/large.db', 'data/small.sqlite', 'state/db/inner.sqlite'] as const;

const companions = ['-wal', '-shm', '-journal'];

/** A database's file, and those that SQLite puts beside it. */
export const databaseFiles = (name: string): string[] => ['', ...companions].map((end) => `${name}${end}`);

/**
 * Does the steps that are about databases. Their connections stay open from step to step, as an application's do, so that what
 * is committed may be in a write-ahead log that no checkpoint has seen.
 */
export class HistoryDatabases {
  private readonly root: string;
  private readonly scratch: string;
  private readonly open = new Map<string, Database.Database>();
  /** Those that are there as databases, open or not. */
  private readonly present = new Set<string>();

  /** @param scratch a folder outside of the root. */
  constructor(root: string, scratch: string) {
    this.root = root;
    this.scratch = scratch;
    for (const name of databaseNames) mkdirSync(dirname(this.at(name)), { recursive: true });
  }

  apply(step: DatabaseStep): string {
    const name = pick(databaseNames, step.db);
    if (step.do === 'db-create') {
      this.delete(name);
      this.create(name, step);
      return `create ${name}: pages of ${step.pageSize} B, ${step.wal ? 'WAL' : 'rollback'}, ${step.rows} rows`;
    }
    if (!this.present.has(name)) return `${step.do}: there is no ${name}`;
    switch (step.do) {
      case 'db-write':
        return `${name}: ${this.write(this.connect(name), step)}`;
      case 'db-drop':
        this.connect(name).exec('DROP TABLE IF EXISTS more');
        return `${name}: DROP TABLE`;
      case 'db-vacuum': {
        const database = this.connect(name);
        // In WAL mode the page size stays.
        database.pragma(`page_size = ${step.pageSize}`);
        database.exec('VACUUM');
        return `${name}: VACUUM, asked for pages of ${step.pageSize} B`;
      }
      case 'db-journal':
        this.connect(name).pragma(`journal_mode = ${step.wal ? 'wal' : 'delete'}`);
        return `${name}: ${step.wal ? 'WAL' : 'rollback'} mode`;
      case 'db-checkpoint':
        this.connect(name).pragma('wal_checkpoint(TRUNCATE)');
        return `${name}: checkpoint`;
      case 'db-close':
        this.close(name);
        return `${name}: closed`;
      case 'db-crash':
        this.crash(name);
        return `${name}: its application was killed, and left its log`;
      case 'db-delete':
        this.delete(name);
        return `delete ${name}`;
    }
  }

  /** What each database that is there says, and its mode. */
  contents(): Map<string, string> {
    return new Map([...this.present].map((name) => [name, this.contentOf(name)]));
  }

  /** Those that are there. */
  names(): string[] {
    return [...this.present];
  }

  closeAll(): void {
    for (const name of [...this.open.keys()]) this.close(name);
  }

  deleteAll(): void {
    for (const name of this.names()) this.delete(name);
  }

  /** Says which databases there are now, after something else has written the project. */
  setPresent(names: Iterable<string>): void {
    this.closeAll();
    this.present.clear();
    for (const name of names) this.present.add(name);
  }

  private contentOf(name: string): string {
    const open = this.open.get(name);
    if (open !== undefined) return `${modeOf(this.at(name))} ${databaseContent(open)}`;
    // A connection of its own would write: it would fold a log that was left into the file.
    const folder = mkdtempSync(join(this.scratch, 'look-'));
    const copy = join(folder, 'copy');
    for (const end of ['', '-wal', '-journal'])
      if (existsSync(`${this.at(name)}${end}`)) copyFileSync(`${this.at(name)}${end}`, `${copy}${end}`);
    const content = `${modeOf(this.at(name))} ${readDatabase(copy)}`;
    rmSync(folder, { recursive: true });
    return content;
  }

  private create(name: string, step: DatabaseStep & { do: 'db-create' }): void {
    const database = this.connect(name);
    database.pragma(`page_size = ${step.pageSize}`);
    database.pragma(`journal_mode = ${step.wal ? 'wal' : 'delete'}`);
    database.exec(
      'CREATE TABLE fact (id INTEGER PRIMARY KEY, word TEXT, bytes BLOB); CREATE INDEX by_word ON fact (word)',
    );
    this.write(database, { insert: step.rows, updateEvery: 0, deleteEvery: 0, blob: 400, seed: step.seed });
    this.present.add(name);
  }

  private write(database: Database.Database, step: Omit<DatabaseStep & { do: 'db-write' }, 'do' | 'db'>): string {
    database.exec('CREATE TABLE IF NOT EXISTS more (word TEXT)');
    const insert = database.prepare('INSERT INTO fact (word, bytes) VALUES (?, ?)');
    const blobs = seededBytes(step.seed, step.insert * step.blob);
    database.transaction(() => {
      for (let row = 0; row < step.insert; row += 1)
        insert.run(`word ${row % 97} of ${step.seed}`, blobs.subarray(row * step.blob, (row + 1) * step.blob));
      if (step.updateEvery > 0)
        database.prepare('UPDATE fact SET word = ? WHERE id % ? = 0').run(`updated by ${step.seed}`, step.updateEvery);
      if (step.deleteEvery > 0) database.prepare('DELETE FROM fact WHERE id % ? = 0').run(step.deleteEvery);
      database.prepare('INSERT INTO more VALUES (?)').run(`transaction ${step.seed}`);
    })();
    return `insert ${step.insert} rows of ${step.blob} B, update each ${step.updateEvery}th, delete each ${step.deleteEvery}th`;
  }

  private connect(name: string): Database.Database {
    const known = this.open.get(name);
    if (known !== undefined) return known;
    const database = new Database(this.at(name));
    // No checkpoint comes by itself, and no flush: these databases live for seconds.
    database.pragma('wal_autocheckpoint = 0');
    database.pragma('synchronous = OFF');
    this.open.set(name, database);
    return database;
  }

  private close(name: string): void {
    this.open.get(name)?.close();
    this.open.delete(name);
  }

  /** What a killed application leaves: the file and the log as they are, without the end that a closed connection makes. */
  private crash(name: string): void {
    const folder = mkdtempSync(join(this.scratch, 'crash-'));
    const kept = ['', '-wal'].filter((end) => existsSync(`${this.at(name)}${end}`));
    for (const end of kept) copyFileSync(`${this.at(name)}${end}`, join(folder, `kept${end}`));
    this.close(name);
    for (const end of kept) copyFileSync(join(folder, `kept${end}`), `${this.at(name)}${end}`);
    rmSync(folder, { recursive: true });
  }

  private delete(name: string): void {
    this.close(name);
    for (const end of ['', ...companions]) rmSync(`${this.at(name)}${end}`, { force: true, recursive: true });
    this.present.delete(name);
  }

  private at(name: string): string {
    return join(this.root, name);
  }
}

/** What a restored database says and its mode, in the form of `contents`; also what is wrong with it. */
export function restoredContent(folder: string, name: string): string {
  const path = join(folder, name);
  if (!existsSync(path)) return 'missing';
  const beside = companions.filter((end) => existsSync(`${path}${end}`)).map((end) => `${basename(path)}${end}`);
  return `${modeOf(path)} ${readDatabase(path)}${beside.length === 0 ? '' : ` with ${beside.join(', ')}`}`;
}

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

function readDatabase(path: string): string {
  const database = new Database(path);
  try {
    const check = String(database.pragma('integrity_check', { simple: true }));
    return `${databaseContent(database)}${check === 'ok' ? '' : ` damaged: ${check}`}`;
  } catch (error) {
    return `unreadable: ${String(error)}`;
  } finally {
    database.close();
  }
}

function databaseContent(database: Database.Database): string {
  const digest = createHash('sha256');
  const schema = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').raw().all();
  digest.update(JSON.stringify(schema));
  const rows: string[] = [];
  for (const [type, name] of schema as [string, string][]) {
    if (type !== 'table') continue;
    let count = 0;
    for (const row of database.prepare(`SELECT rowid, * FROM "${name}" ORDER BY rowid`).raw().iterate()) {
      for (const value of row as unknown[])
        digest.update(Buffer.isBuffer(value) ? value : `${typeof value} ${String(value)}\0`);
      count += 1;
    }
    rows.push(`${name}: ${count}`);
  }
  const pageSize = String(database.pragma('page_size', { simple: true }));
  return `${rows.join(', ')}, pages of ${pageSize} B, ${digest.digest('hex').slice(0, 16)}`;
}
