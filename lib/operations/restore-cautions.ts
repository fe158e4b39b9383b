import { statSync } from 'node:fs';
import { BackupError, isBackupError, isSystemError } from '../core/errors.ts';
import { finding, findingCatalogue, meansIncomplete, type Finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import { listStore, openStore } from '../store/store.ts';
import { expectEncrypted } from './expect-encrypted.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';

/** How many of the findings that made a backup incomplete are told. */
const mostCauses = 5;

/**
 * What a person should know of a backup before it is restored: that data is missing in it, that its archive is not of
 * the size that it had, that it is not encrypted as the settings ask for.
 * @param isForced tells of a wrong size and of missing encryption, and does not refuse it.
 * @throws BackupError NOT_ENCRYPTED, ARCHIVE_DAMAGED where the archive is missing or of another size, BACKUP_UNREADABLE
 */
export async function restoreCautions(
  context: Pick<RunContext, 'settings'>,
  backup: OpenBackup,
  isForced: boolean,
): Promise<Finding[]> {
  const unencrypted = expectEncrypted(context, backup, isForced);
  const incomplete = await incompleteness(context, backup);
  const damage = archiveDamage(backup, isForced);
  return [unencrypted, incomplete, damage].filter((one) => one !== undefined);
}

async function incompleteness(
  context: Pick<RunContext, 'settings'>,
  { id, metadata }: OpenBackup,
): Promise<Finding | undefined> {
  if (metadata.complete) return undefined;
  const all = metadata.warnings.filter((one) => Object.hasOwn(findingCatalogue, one.code) && meansIncomplete([one]));
  const found = await newestComplete(context, id);
  return finding('backup-incomplete', {
    // Metadata that someone else wrote may hold findings without parameters.
    causes: all.slice(0, mostCauses).map((one) => ({ ...one, params: { ...one.params } })),
    count: Math.max(0, all.length - mostCauses),
    ...(found === undefined ? {} : { found }),
  });
}

/** Safety backups are none that a person means by it. */
async function newestComplete({ settings }: Pick<RunContext, 'settings'>, but: string): Promise<string | undefined> {
  try {
    const { backups } = await listStore(openStore(settings.storage));
    return backups.find(({ id, metadata }) => id !== but && metadata.complete && metadata.type !== 'pre-restore')?.id;
  } catch (error) {
    if (isBackupError(error, 'STORE_NOT_FOUND') || isBackupError(error, 'STORE_UNREADABLE')) return undefined;
    throw error;
  }
}

/** An archive that lies alone cannot hold its own size: nothing is known of it. */
function archiveDamage({ archive, metadata }: OpenBackup, isForced: boolean): Finding | undefined {
  if (archive === undefined) return undefined;
  const expected = metadata.archive?.size;
  const isOfChain = metadata.chain.length > 1;
  const size = sizeOf(archive, isForced && isOfChain, isOfChain);
  // What rests in the archives that it builds on can still be had.
  if (size === undefined) return finding('archive-missing', { path: archive });
  if (expected === undefined || size === expected) return undefined;
  if (isForced) return finding('archive-size', { path: archive, expected: String(expected), found: String(size) });
  const problem = `${size} bytes where ${expected} are expected`;
  throw new BackupError('ARCHIVE_DAMAGED', { archive, problem }, { aftermath: { isUnchanged: true } });
}

function sizeOf(archive: string, isForced: boolean, isOfChain: boolean): number | undefined {
  try {
    return statSync(archive).size;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw refusedRead(error, archive);
    if (isForced) return undefined;
    const params = { archive, problem: 'it is missing', isMissing: true, isOfChain };
    throw new BackupError('ARCHIVE_DAMAGED', params, { cause: error, aftermath: { isUnchanged: true } });
  }
}
