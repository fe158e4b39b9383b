import { closeSync } from 'node:fs';
import { openLogs } from '../store/audit-files.ts';
import { parseAuditLine, type AuditLine } from '../store/audit-line.ts';
import { readLines } from '../store/audit-raw-lines.ts';
import { listStore, openStore } from '../store/store.ts';
import type { RunContext } from './run-context.ts';

/** A line as it is shown: nothing of it is proven. */
export type AuditShown = Omit<AuditLine, 'prev' | 'mac' | 'facts'> & Record<string, unknown>;

/** The fields of `backup:audit show --json`. */
export interface AuditLines {
  /** Oldest first. */
  lines: AuditShown[];
  /** How many lines there are in all. */
  total: number;
  /** How many of them cannot be read; `backup:audit verify` says which. */
  unreadable: number;
}

/**
 * The newest lines of the store's audit log.
 * @throws BackupError STORE_NOT_FOUND, STORE_UNREADABLE, BACKUP_UNREADABLE
 */
export async function readAuditLog(context: Pick<RunContext, 'settings'>, last: number): Promise<AuditLines> {
  const store = openStore(context.settings.storage);
  // Says what is wrong with the store, where something is.
  await listStore(store);
  const lines: AuditShown[] = [];
  let total = 0;
  let unreadable = 0;
  const logs = openLogs(store);
  try {
    for (const log of logs) {
      for (const raw of readLines(log)) {
        total += 1;
        const line = raw.bytes === undefined ? undefined : parseAuditLine(raw.bytes);
        if (line === undefined) {
          unreadable += 1;
          continue;
        }
        const { prev: _prev, mac: _mac, facts, ...own } = line;
        lines.push({ ...facts, ...own });
        if (lines.length > last * 2) lines.splice(0, lines.length - last);
      }
    }
  } finally {
    for (const { fd } of logs) closeSync(fd);
  }
  return { lines: lines.slice(-last), total, unreadable };
}
