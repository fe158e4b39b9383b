import { createHash, createHmac, randomBytes } from 'node:crypto';
import { BackupError } from '../core/errors.ts';
import type { Opener, Sealer } from '../core/sealed-bytes.ts';
import type { StorageSettings } from '../config/settings.ts';
import { BackupSecret } from '../crypto/backup-secret.ts';
import { iterations } from '../crypto/derive-keys.ts';
import { nameOf } from '../crypto/key.ts';
import { randomSecret, recipientKeys, recipientOf, wrapSecret, type Recipient } from '../crypto/recipients.ts';
import { saltBytes } from '../crypto/salted-layout.ts';
import { algorithm } from '../crypto/salted-stream.ts';
import type { ManifestSeal } from '../store/manifest-writer.ts';
import { authenticatedText, type EncryptionSummary, type Metadata } from '../store/metadata.ts';
import type { RunContext } from './run-context.ts';
import { storeSalt } from './seal-keys.ts';

/**
 * What a new backup is encrypted with. It is made before anything is written; the keys of its files are derived on other threads
 * while the project is being read: a quarter of a second each.
 */
export class Sealing {
  readonly secret: BackupSecret;
  readonly macSalt: Buffer;
  /** What `wrapped.key` holds; undefined where the secret is a key that was given. */
  readonly wrapped: Buffer | undefined;
  readonly recipients: readonly Recipient[];
  private readonly keyForm: 'line' | 'hex';
  private readonly archiveSalt = randomBytes(saltBytes);
  private readonly manifestSalt = randomBytes(saltBytes);

  constructor(made: {
    secret: BackupSecret;
    macSalt: Buffer;
    keyForm?: 'line' | 'hex';
    recipients?: readonly Recipient[];
  }) {
    this.secret = made.secret;
    this.macSalt = made.macSalt;
    this.keyForm = made.keyForm ?? 'line';
    this.recipients = made.recipients ?? [];
    this.wrapped = this.recipients.length === 0 ? undefined : wrapSecret(made.secret.bytes, this.recipients);
  }

  /** The secret, where later backups have the same one. */
  get lasting(): { secret: BackupSecret; salt: Buffer } | undefined {
    return this.wrapped === undefined ? { secret: this.secret, salt: this.macSalt } : undefined;
  }

  /** Its key is derived while the project is being read. */
  archiveSealer(): Sealer {
    return this.secret.sealer(this.archiveSalt);
  }

  async manifestSeal(): Promise<ManifestSeal> {
    const key = await this.secret.subkey(this.macSalt, 'manifest mac v1');
    return { sealer: this.secret.sealer(this.manifestSalt), mac: createHmac('sha256', key) };
  }

  manifestOpener(): Promise<Opener> {
    return this.secret.opener(this.manifestSalt);
  }

  /** Hex, as the manifest's header names it. */
  get salt(): string {
    return this.archiveSalt.toString('hex');
  }

  async summary(): Promise<EncryptionSummary> {
    const recipients = this.recipients.map(({ fingerprint }) => ({ fingerprint }));
    return {
      algorithm,
      kdf: 'pbkdf2-hmac-sha256',
      iterations,
      salt: this.salt,
      macSalt: this.macSalt.toString('hex'),
      keyCheck: await this.secret.keyCheck(this.macSalt),
      ...(this.keyForm === 'hex' ? { keyForm: 'hex' } : {}),
      ...(this.wrapped === undefined ? {} : { recipients, wrapped: wrappedHash(this.wrapped) }),
    };
  }

  /** What gives metadata its MAC. */
  async authenticator(): Promise<(metadata: Metadata) => Metadata> {
    return authenticatorOf(await this.secret.subkey(this.macSalt, 'metadata mac v1'));
  }
}

/** What metadata.json says of the wrapped secret. */
export const wrappedHash = (wrapped: Uint8Array): string => createHash('sha256').update(wrapped).digest('hex');

/** What metadata.json says of RESTORE.md. */
export const instructionsHash = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Gives metadata the MAC under that key, in place of one that it has. */
export const authenticatorOf =
  (key: Buffer) =>
  (metadata: Metadata): Metadata => ({
    ...metadata,
    mac: createHmac('sha256', key).update(authenticatedText(metadata)).digest('hex'),
  });

/**
 * What a new backup is to be encrypted with; undefined where it is not to be. Public keys go before a secret.
 * @param kept the random secret of the backup that this one takes its contents from: `env.encrypted` is encrypted with it.
 * @throws BackupError ENCRYPTION_UNAVAILABLE, KEY_MISSING, KEY_UNREADABLE, KEY_INVALID
 */
export async function prepareSealing(
  context: Pick<RunContext, 'settings' | 'keys' | 'host'>,
  storage: StorageSettings = context.settings.storage,
  kept?: BackupSecret,
): Promise<Sealing | undefined> {
  if (!storage.encrypt) return undefined;
  if (storage.format === 'directory') {
    throw new BackupError('ENCRYPTION_UNAVAILABLE', {
      reason:
        'a plain tree (--format directory, storage.compress false) keeps the files as they are and cannot be encrypted',
    });
  }
  const macSalt = storeSalt(context.host, storage.path);
  const recipients = context.keys.recipients();
  const random = (): BackupSecret => kept ?? new BackupSecret(randomSecret());
  if (recipients.length > 0) return new Sealing({ secret: random(), macSalt, recipients });
  const key = await context.keys.primary();
  if (key === undefined) throw new BackupError('KEY_MISSING', {});
  if (key.kind === 'secret') return new Sealing({ secret: context.keys.secretOf(key), macSalt, keyForm: key.form });
  const recipient = recipientOf(key.key);
  if (recipient === undefined) {
    throw new BackupError('KEY_INVALID', {
      source: nameOf(key.source),
      problem: `it is no ${recipientKeys}`,
    });
  }
  return new Sealing({ secret: random(), macSalt, recipients: [recipient] });
}
