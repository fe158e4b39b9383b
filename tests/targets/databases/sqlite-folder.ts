import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { systemClock } from '../../../lib/core/clock.ts';
import type { Patience } from '../../../lib/targets/databases/while-busy.ts';

/** A temporary folder for one test's databases. */
export class SqliteFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ai-backup-test-sqlite-'));

  file(name: string): string {
    return join(this.path, name);
  }

  names(): string[] {
    return readdirSync(this.path).sort();
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Runs something with a connection and closes it. */
export function withDatabase<T>(path: string, body: (database: Database.Database) => T): T {
  const database = new Database(path, { timeout: 20_000 });
  try {
    return body(database);
  } finally {
    database.close();
  }
}

/** A database of some hundred pages. */
export function makeDatabase(path: string, setUp = ''): void {
  withDatabase(path, (database) => {
    database.exec(
      `${setUp}; CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON note (text)`,
    );
    const insert = database.prepare('INSERT INTO note (text) VALUES (?)');
    database.transaction(() => {
      for (let id = 0; id < 3_000; id += 1) insert.run(`note ${id} ${'x'.repeat(id % 300)}`);
    })();
  });
}

/** Whether `sqlite-writer.ts`'s invariant holds. */
export function invariantOf(path: string): { isHeld: boolean; count: number } {
  return withDatabase(path, (database) => {
    const seen = database
      .prepare<[], { amount: number; count: number; sum: number; rows: number }>(
        `SELECT amount, count, (SELECT coalesce(sum(amount), 0) FROM movement) AS sum,
         (SELECT count(*) FROM movement) AS rows FROM total`,
      )
      .get();
    return {
      isHeld: seen !== undefined && seen.amount === seen.sum && seen.count === seen.rows,
      count: seen?.count ?? -1,
    };
  });
}

/** Patience that suits a test: `timeoutMs` to wait for a lock, never interrupted. */
export function patience(timeoutMs = 30_000): Patience {
  return { timeoutMs, clock: systemClock, signal: new AbortController().signal };
}
