import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isBackupError } from '../../lib/core/errors.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import type { CreateRequest, CreateResult } from '../../lib/operations/create-result.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { applyRestore } from '../../lib/operations/restore-backup.ts';
import { planForeignRestore } from '../../lib/operations/restore-foreign.ts';
import type { RestoreRequest } from '../../lib/operations/restore-result.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { verifyBackup, type VerifyDepth, type VerifyResult } from '../../lib/operations/verify-backup.ts';
import type { Metadata } from '../../lib/store/metadata.ts';
import { openToolkit } from '../../lib/toolkit.ts';
import { TestProject } from './make-project.ts';

/** The variable that names a key file. */
export const keyFileVariable = 'BACKUP_ENCRYPTION_KEY_FILE';

/** A project whose backups are encrypted, the keys for it beside it, and runs in this process that share derived keys. */
export class EncryptedRoom extends TestProject {
  private restores = 0;

  constructor() {
    super();
    this.encryptedSettings();
  }

  /** Writes settings that ask for encryption. */
  encryptedSettings(storage: object = {}, more: object = {}): void {
    this.settings({ ...more, storage: { encrypt: true, ...storage } });
  }

  /** Writes a key file beside the project. @returns its path. */
  key(name: string, content: string | Buffer): string {
    const path = this.beside(name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  /** Makes an RSA pair beside the project. @returns the paths of its halves. */
  pair(name: string, bits: number): { publicFile: string; privateFile: string } {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', {
      modulusLength: bits,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    return { publicFile: this.key(`${name}.pub.pem`, publicKey), privateFile: this.key(`${name}.pem`, privateKey) };
  }

  /** A run's context in this process. What is derived from its keys is kept for all runs that are given it. */
  open(keyFile?: string): Promise<RunContext> {
    return openToolkit({ root: this.root, environment: {}, ...(keyFile === undefined ? {} : { keyFile }) });
  }

  create(context: RunContext, request: Partial<CreateRequest> = {}): Promise<CreateResult> {
    return createBackup(context, { type: 'manual', ...request });
  }

  async verify(context: RunContext, name: string, depth: VerifyDepth = 'integrity'): Promise<VerifyResult> {
    return verifyBackup(context, await openBackup(context, name, this.root), depth);
  }

  /** `whole`, or the codes of what verify finds, or of the error that it ends with. */
  async verdict(context: RunContext, name: string, depth: VerifyDepth = 'integrity'): Promise<string> {
    try {
      const { ok, problems } = await this.verify(context, name, depth);
      return ok ? 'whole' : [...new Set(problems.map((one) => one.code))].sort().join(' ');
    } catch (error) {
      if (isBackupError(error)) return error.code;
      throw error;
    }
  }

  /**
   * Restores to a new folder. @returns the folder where it was restored, or the code and exit code of the error; `wrote`: what
   * is at the destination after an error, which has to be nothing.
   */
  async restore(
    context: RunContext,
    name: string,
    more: Partial<RestoreRequest> = {},
  ): Promise<{ folder: string } | { code: string; exitCode: number; wrote: string[] }> {
    this.restores += 1;
    const destination = this.beside(`restored-${this.restores}`);
    const request: RestoreRequest = {
      destination,
      overwrite: 'if-changed',
      deleteExtra: false,
      skipBackup: false,
      verify: true,
      ...more,
    };
    try {
      const backup = await openBackup(context, name, this.root);
      if (backup.kind === 'foreign') await (await planForeignRestore(context, backup, request, 0)).apply();
      else await applyRestore(context, await planRestore(context, backup, request));
      return { folder: destination };
    } catch (error) {
      if (!isBackupError(error)) throw error;
      const { code, exitCode } = error;
      return { code, exitCode, wrote: filesBelow(destination) };
    }
  }

  /** The store as it is now, to come back to. */
  async keepStore(): Promise<() => Promise<void>> {
    const kept = this.beside(`store kept ${readdirSync(this.folder).length}`);
    const copy = { recursive: true, preserveTimestamps: true } as const;
    await cp(this.store, kept, copy);
    return async () => {
      rmSync(this.store, { recursive: true, force: true });
      await cp(kept, this.store, copy);
    };
  }
}

export const metadataOf = (directory: string): Metadata =>
  JSON.parse(readFileSync(join(directory, 'metadata.json'), 'utf8')) as Metadata;

/** Paths of all files below a folder; none where it is not there. */
export function filesBelow(folder: string): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((one) => !one.isDirectory()).map((one) => join(one.parentPath, one.name));
}

/** Copies the parts of a backup that its archive builds on into a folder, as a person does who saves them. */
export async function copyParts(parts: readonly string[], to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  for (const part of parts) await cp(part, join(to, basename(part)), { recursive: true, preserveTimestamps: true });
}
