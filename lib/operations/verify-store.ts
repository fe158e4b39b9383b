import { basename } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { listStore, openStore } from '../store/store.ts';
import { openLoneArchives, openStored } from './open-backup.ts';
import type { RunContext } from './run-context.ts';
import { verifyBackup, type VerifyLevel, type VerifyResult } from './verify-backup.ts';

/**
 * Verifies everything that a store holds, newest first, archives that lie alone too. What cannot even be opened as a backup
 * is a result with that problem: one damaged backup hides neither itself nor another.
 * @throws BackupError STORE_NOT_FOUND, STORE_UNREADABLE, STORE_EMPTY, INTERRUPTED
 */
export async function* verifyStore(context: RunContext, level: VerifyLevel): AsyncGenerator<VerifyResult> {
  const store = openStore(context.settings.storage);
  const { backups, loneArchives, unreadable } = await listStore(store);
  if (backups.length + loneArchives.length + unreadable.length === 0) {
    throw new BackupError('STORE_EMPTY', { store: store.path });
  }
  for (const { folder, reason } of unreadable) {
    const problem = finding('metadata-damaged', { path: folder, reason });
    yield { id: basename(folder), ok: false, level, files: 0, bytes: 0, duration: 0, problems: [problem] };
  }
  for (const stored of backups) yield await verifyBackup(context, openStored(stored), level);
  for (const lone of await openLoneArchives(loneArchives)) yield await verifyBackup(context, lone, level);
}
