import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isSystemError } from '../core/errors.ts';
import { hashFile } from '../core/hash-file.ts';
import { finding, type Finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import type { Metadata } from '../store/metadata.ts';
import { manifestName, wrappedKeyFile, wrappedKeyOf } from '../store/sealed-names.ts';
import type { OpenBackup } from './opened-backup.ts';

/**
 * What is wrong with the stored parts of an encrypted backup but the archive itself, by the hashes in its metadata.json: the
 * manifest, RESTORE.md, the wrapped secret. Nothing for an archive that lies alone.
 * @throws BackupError BACKUP_UNREADABLE
 */
export function sealedProblems({ folder, archive, metadata }: OpenBackup): Finding[] {
  if (folder === undefined) return [];
  const problems: Finding[] = [];
  const { manifest, instructions } = metadata;
  const file = join(folder, manifestName(true));
  const stored = looked(file, () => hashFile(file));
  if (stored === undefined) problems.push(finding('manifest-damaged', { reason: `${manifestName(true)} is missing` }));
  else if (stored.size !== manifest?.size || stored.sha256 !== manifest.sha256) problems.push(finding('manifest-hash'));
  const text = looked(folder, () => hashFile(join(folder, 'RESTORE.md')));
  if (text !== undefined && `sha256:${text.sha256}` !== instructions) {
    problems.push(
      finding('not-authentic', { path: 'RESTORE.md', reason: 'its SHA-256 is not what metadata.json names' }),
    );
  }
  // Beside an archive that is missing nothing else is missed.
  const beside = archive !== undefined && existsSync(archive) ? [wrappedKeyOf(archive)] : [];
  problems.push(...wrappedProblems([join(folder, wrappedKeyFile), ...beside], metadata));
  return problems;
}

/** Either copy opens the backup: that one of them would not any more has to be found while the other one does. */
function wrappedProblems(files: readonly string[], { archive }: Metadata): Finding[] {
  const { recipients, wrapped } = archive?.encryption ?? {};
  if (recipients === undefined) return [];
  return files.flatMap((file) => {
    const stored = looked(file, () => hashFile(file));
    if (stored !== undefined && stored.sha256 === wrapped) return [];
    const reason = stored === undefined ? 'it is missing' : 'its SHA-256 is not what metadata.json names';
    return [finding('not-authentic', { path: basename(file), reason })];
  });
}

/** Undefined where it is not there. */
function looked<T>(path: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw refusedRead(error, path);
  }
}
