import { closeSync, createReadStream, openSync, rmSync } from 'node:fs';
import { BackupError } from '../core/errors.ts';
import { hashFile } from '../core/hash-file.ts';
import type { Opener } from '../core/sealed-bytes.ts';
import { writeFully } from '../store/manifest-writer.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import { archiveOf } from './chain-archives.ts';
import type { OpenBackup } from './opened-backup.ts';

/** What decrypts a backup's own archive; undefined where it is not encrypted. @throws BackupError KEY_…, NOT_AUTHENTIC */
export async function ownOpener(backup: OpenBackup, header: ManifestHeader): Promise<Opener | undefined> {
  const salt = header.archives[0]?.encryption?.salt;
  if (salt === undefined) return undefined;
  return (await backup.unlock()).opener(Buffer.from(salt, 'hex'));
}

/**
 * Runs what needs a zip as a file. An encrypted one is decrypted beside the scratch folder first, once its hash is proven, and
 * removed again: the library that unpacks it reads files only.
 * @throws BackupError ARCHIVE_DAMAGED, and what the run throws
 */
export async function withReadableZip<T>(
  backup: OpenBackup,
  header: ManifestHeader,
  scratch: string,
  signal: AbortSignal,
  run: (zip: string) => Promise<T>,
): Promise<T> {
  const archive = archiveOf(backup);
  const opener = await ownOpener(backup, header);
  if (opener === undefined) return run(archive);
  const expected = backup.metadata.archive?.sha256;
  // One that lies alone has no hash of its own: its files have theirs, in a manifest with a MAC.
  if (expected !== undefined && hashFile(archive).sha256 !== expected) {
    throw new BackupError('ARCHIVE_DAMAGED', { archive, problem: 'its SHA-256 is not what metadata.json names' });
  }
  const file = `${scratch}.archive`;
  try {
    await decrypt(archive, file, opener, signal);
    return await run(file);
  } finally {
    rmSync(file, { force: true });
  }
}

async function decrypt(from: string, to: string, opener: Opener, signal: AbortSignal): Promise<void> {
  const fd = openSync(to, 'wx', 0o600);
  try {
    let at = opener.headBytes;
    for await (const chunk of createReadStream(from, { start: at, highWaterMark: 1 << 20 })) {
      if (signal.aborted) throw new BackupError('INTERRUPTED', {});
      const stored = chunk as Buffer;
      writeFully(fd, opener.open(stored, at));
      at += stored.length;
    }
  } finally {
    closeSync(fd);
  }
}
