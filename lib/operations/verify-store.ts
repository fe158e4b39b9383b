import { basename } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { finding } from '../core/findings.ts';
import { listStore, openStore } from '../store/store.ts';
import { verificationNote } from './audit-verification.ts';
import { noteAct, withUnwritten } from './audited.ts';
import { openLoneArchives } from './open-path.ts';
import { openStored } from './open-stored.ts';
import type { RunContext } from './run-context.ts';
import type { ProvenArchives } from './verify-frames.ts';
import { levelOf, verifyBackup, type VerifyDepth, type VerifyResult } from './verify-backup.ts';

/**
 * Verifies everything that a store holds, newest first, archives that lie alone too. What cannot even be opened as a
 * backup is a result with that problem: one damaged backup hides neither itself nor another.
 * @throws BackupError STORE_NOT_FOUND, STORE_UNREADABLE, STORE_EMPTY, INTERRUPTED
 */
export async function* verifyStore(context: RunContext, depth: VerifyDepth): AsyncGenerator<VerifyResult> {
  const store = openStore(context.settings.storage);
  const { backups, loneArchives, unreadable } = await listStore(store);
  if (backups.length + loneArchives.length + unreadable.length === 0) {
    throw new BackupError('STORE_EMPTY', { store: store.path });
  }
  for (const { folder, code, reason } of unreadable) {
    const kind = code === 'BACKUP_UNREADABLE' ? 'backup-unreadable' : 'metadata-damaged';
    const problem = finding(kind, { path: folder, reason });
    const result: VerifyResult = {
      id: basename(folder),
      ok: false,
      level: levelOf(depth),
      files: 0,
      bytes: 0,
      duration: 0,
      problems: [problem],
      warnings: [],
    };
    const note = { act: 'verify', backup: result.id, ...verificationNote(result) } as const;
    yield withUnwritten(result, await noteAct(context, note));
  }
  const proven: ProvenArchives = new Map();
  for (const stored of backups) yield await verifyBackup(context, openStored(stored, context.keys), depth, proven);
  const told = new Set(unreadable.map(({ folder }) => basename(folder)));
  for (const lone of await openLoneArchives(loneArchives, context.keys)) {
    const result = await verifyBackup(context, lone, depth);
    // Two results of one ID, one damaged and one whole, would contradict each other.
    yield told.has(result.id) ? { ...result, id: basename(lone.archive ?? result.id) } : result;
  }
}
