import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expectRoomFor } from '../core/free-space.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { checkSqlite, foldSqlite } from '../targets/databases/sqlite-driver.ts';
import { sqliteCompanions } from '../targets/databases/sqlite-header.ts';

export interface StagedDatabase {
  entry: ManifestEntry;
  file: string;
}

/** Writes the databases among a backup's contents into files of their own, so that SQLite can check them. */
export class DatabaseStaging {
  readonly staged: StagedDatabase[] = [];
  private readonly parent: string;
  private adopted = 0;
  private fd: number | undefined;
  private readonly checks = new Map<StagedDatabase, Promise<string | undefined>>();
  /** One at a time: a second one would only take memory and the disk from the first. */
  private lastCheck: Promise<unknown> = Promise.resolve();

  /** @param parent a private folder; its owner removes it. */
  constructor(parent: string) {
    this.parent = parent;
  }

  /** A new, private folder below the staging folder. */
  folder(name: string): string {
    const folder = join(this.parent, name);
    mkdirSync(folder, { mode: 0o700 });
    return folder;
  }

  /** @throws BackupError NO_SPACE where there is no room for what the entry declares */
  begin(entry: ManifestEntry): void {
    expectRoomFor(entry.size, this.parent, 'unpacking a database');
    this.fd = openSync(this.adopt(entry), 'wx', 0o600);
  }

  /** The place of a database that its caller moves there. */
  adopt(entry: ManifestEntry): string {
    this.adopted += 1;
    const file = join(this.parent, `database-${this.adopted}`);
    this.staged.push({ entry, file });
    return file;
  }

  /** Lets SQLite begin to check what is staged so far; `problemOf` waits for its word. */
  startChecks(signal: AbortSignal): void {
    for (const one of this.staged) void this.problemOf(one, signal).catch(() => undefined);
  }

  /** SQLite's own word on a staged database: what is wrong with it, or undefined. */
  problemOf(staged: StagedDatabase, signal: AbortSignal): Promise<string | undefined> {
    let check = this.checks.get(staged);
    if (check === undefined) {
      check = this.lastCheck.then(() => checkStagedDatabase(staged, signal));
      this.checks.set(staged, check);
      this.lastCheck = check.catch(() => undefined);
    }
    return check;
  }

  /** Resolves when no check is under way: the folder may be removed. */
  async settle(): Promise<void> {
    await this.lastCheck;
  }

  /** Bytes of the database that was begun; ignored when none is. */
  bytes(bytes: Buffer): void {
    if (this.fd === undefined) return;
    for (let at = 0; at < bytes.length;) at += writeSync(this.fd, bytes, at);
  }

  /** Takes a database back that is not whole. */
  discard(entry: ManifestEntry): void {
    this.end();
    const at = this.staged.findIndex((one) => one.entry === entry);
    if (at === -1) return;
    for (const { file } of this.staged.splice(at, 1)) rmSync(file, { force: true });
  }

  end(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }
}

async function checkStagedDatabase(staged: StagedDatabase, signal: AbortSignal): Promise<string | undefined> {
  const { wal, sharedMemory, journal } = sqliteCompanions(staged.file);
  // An index of the log that somebody's archive holds is of no use, and need not fit.
  rmSync(sharedMemory, { force: true });
  if (existsSync(wal) || existsSync(journal)) {
    const problem = await foldSqlite(staged.file, signal);
    if (problem !== undefined) return problem;
  }
  const check = await checkSqlite(staged.file, { signal });
  return check.isWhole ? undefined : (check.problems[0] ?? 'it is not whole');
}
