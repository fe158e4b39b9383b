import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../lib/core/clock.ts';
import type { AuditEntry, AuditKey, AuditLine } from '../../lib/store/audit-line.ts';
import { appendToAuditLog } from '../../lib/store/audit-log.ts';
import { verifyAuditLog, type AuditCheck } from '../../lib/store/verify-audit.ts';
import { openStore, type Store } from '../../lib/store/store.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

export const auditKey: AuditKey = { macSalt: 'ab'.repeat(16), keyCheck: 'cd'.repeat(8), key: Buffer.alloc(32, 7) };

/** An empty store, and what a test does to its audit log. */
export class AuditRoom {
  readonly folder = makeTemporaryFolder('audit');
  readonly store: Store = openStore({ path: join(this.folder, 'backups'), fileMode: 0o600, folderMode: 0o700 });
  readonly file = join(this.store.path, 'audit.log');
  readonly head = join(this.store.path, '.state', 'audit-head.json');
  private readonly key: AuditKey | undefined;
  private readonly fullBytes: number;

  constructor(options: { key?: AuditKey; fullBytes?: number } = {}) {
    this.key = options.key;
    this.fullBytes = options.fullBytes ?? 1 << 20;
    mkdirSync(this.store.path);
  }

  path(name: string): string {
    return join(this.store.path, name);
  }

  append(more: Partial<AuditEntry> = {}, key: AuditKey | undefined = this.key): Promise<void> {
    const entry = { act: 'verify', outcome: 'done', user: 'me', host: 'here', ...more };
    return appendToAuditLog(this.store, entry, { clock: systemClock, key, fullBytes: this.fullBytes });
  }

  async fill(count: number): Promise<void> {
    for (let at = 0; at < count; at += 1) await this.append({ facts: { count: at } });
  }

  lines(file = this.file): string[] {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  }

  /** Rewrites the lines of a file. */
  edit(change: (lines: string[]) => string[], file = this.file): void {
    writeFileSync(
      file,
      change(this.lines(file))
        .map((line) => `${line}\n`)
        .join(''),
    );
  }

  verify(keys: readonly AuditKey[] = [], visit: (line: AuditLine) => void = () => undefined): Promise<AuditCheck> {
    return verifyAuditLog(this.store, {
      keyOf: async ({ keyCheck }) => keys.find((one) => one.keyCheck === keyCheck)?.key,
      signal: new AbortController().signal,
      visit,
    });
  }

  /** What is wrong, as `code file:line`. */
  async problems(keys: readonly AuditKey[] = []): Promise<string[]> {
    const { problems } = await this.verify(keys);
    return problems.map(({ code, params: { path, count, found, expected } }) => {
      if (code === 'audit-lines-cut') return `${code} ${found}`;
      return code === 'audit-lines-missing'
        ? `${code} ${found} before ${path}:${expected}`
        : `${code} ${path}:${count}`;
    });
  }

  async warnings(keys: readonly AuditKey[] = []): Promise<string[]> {
    return (await this.verify(keys)).warnings.map((one) => one.code);
  }

  remove(): void {
    removeTemporaryFolder(this.folder);
  }
}
