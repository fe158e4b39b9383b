import { hash } from 'node:crypto';
import type { EnvFile } from '../core/env-file.ts';
import { BackupError, systemCode } from '../core/errors.ts';
import { keyVariables } from '../crypto/key-ring.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { readEnvFile } from '../targets/environment-files.ts';
import { mergeEnvFiles } from '../targets/environment-merge.ts';
import { decide, type Decision, type OverwritePolicy, type Standing } from './restore-decision.ts';
import type { PlannedAction } from './restore-result.ts';
import type { Destination } from './restore-standing.ts';
import type { StagingFolder } from './staging-folder.ts';

/** What is to be written for one `.env` file. */
interface Placed {
  entry: ManifestEntry;
  content: Buffer;
  /** Whose the file is afterwards, where root restores it. */
  owner: { uid: number; gid: number };
  decision: Decision;
}

/** The `.env` files of a backup that a restore was asked for, merged with those that stand at the destination. */
export class EnvironmentRestore {
  readonly origins: readonly string[];
  /** As the backup holds them. */
  readonly files: readonly EnvFile[];
  private readonly destination: Destination;
  private readonly policy: OverwritePolicy;
  private readonly path: string;
  private readonly backupNs: bigint;
  /** True once a file that was there is replaced by what was staged. */
  hasOverwritten = false;
  /** SHA-256 of what was staged, by origin. */
  private readonly staged = new Map<string, string>();

  /**
   * @param path of the entry that holds them.
   * @param begunAt when the backup was begun: what was changed later is newer than its files.
   */
  constructor(
    files: readonly EnvFile[],
    given: { destination: Destination; policy: OverwritePolicy; path: string; begunAt: Date },
  ) {
    this.files = files;
    this.origins = files.map(({ origin }) => origin);
    this.destination = given.destination;
    this.policy = given.policy;
    this.path = given.path;
    this.backupNs = BigInt(given.begunAt.getTime()) * 1_000_000n;
  }

  /**
   * What is going to happen to each file; nothing is changed.
   * @throws BackupError DESTINATION_BLOCKED, DESTINATION_IN_STORE
   */
  *plan(): Generator<{ action: PlannedAction; bytes: number }> {
    for (const file of this.files) {
      const { decision, content } = this.placed(file);
      const isWritten = decision.action === 'create' || decision.action === 'overwrite';
      yield { action: { path: file.origin, ...decision }, bytes: isWritten ? content.length : 0 };
    }
  }

  /** Decides anew, as for every entry, and writes what is to come to its place. @returns how many bytes. */
  stage(folder: StagingFolder, now: Date): number {
    let bytes = 0;
    for (const file of this.files) {
      const { decision, entry, content, owner } = this.placed(file);
      if (decision.action !== 'create' && decision.action !== 'overwrite') continue;
      const written = { ...entry, ...owner, mtimeNs: BigInt(now.getTime()) * 1_000_000n };
      folder.begin(written, file.origin);
      folder.bytes(content);
      folder.end(written);
      this.staged.set(file.origin, hash('sha256', content, 'hex'));
      this.hasOverwritten ||= decision.action === 'overwrite';
      bytes += content.length;
    }
    return bytes;
  }

  /** Reads what was restored back. @throws BackupError RESTORE_DIFFERS */
  prove(backup: string): void {
    for (const [path, expected] of this.staged) {
      const current = currentFile(this.destination.pathOf(path));
      if (current === undefined || hash('sha256', current.bytes, 'hex') !== expected) {
        throw new BackupError('RESTORE_DIFFERS', { backup, path });
      }
    }
  }

  private placed(file: EnvFile): Placed {
    const { origin } = file;
    const entry: ManifestEntry = {
      path: this.path,
      origin,
      kind: 'file',
      mode: 0o600,
      mtimeNs: this.backupNs,
      uid: file.uid,
      gid: file.gid,
      size: file.bytes.length,
    };
    const standing = this.destination.standingAt(entry, origin);
    const current = standing?.kind === 'file' ? currentFile(this.destination.pathOf(origin)) : undefined;
    const content = current === undefined ? file.bytes : mergeEnvFiles(current.bytes, file.bytes, keyVariables);
    const isSame = (): boolean => current?.bytes.equals(content) === true;
    const decision = decide(entry, standing === undefined ? undefined : withSame(standing, isSame), this.policy);
    const isMerged = decision.reason === 'differs' && current !== undefined;
    const { uid, gid } = current ?? file;
    return { entry, content, owner: { uid, gid }, decision: isMerged ? { ...decision, reason: 'merged' } : decision };
  }
}

const withSame = ({ kind, mtimeNs }: Standing, isSame: () => boolean): Standing => ({ kind, mtimeNs, isSame });

/**
 * Undefined for one that cannot be read, or is larger than a list of variables is: the backup's comes in its place. The
 * safety backup does not hold such a file, so that a restore with one is not begun.
 */
function currentFile(path: string): Omit<EnvFile, 'origin'> | undefined {
  try {
    const file = readEnvFile(path);
    return file === 'too-large' ? undefined : file;
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
