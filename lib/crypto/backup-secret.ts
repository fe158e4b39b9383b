import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Opener, Sealer } from '../core/sealed-bytes.ts';
import { deriveFileKey, deriveMaster, subkey, type FileKey, type KeyPurpose } from './derive-keys.ts';
import { SaltedOpener, SaltedSealer } from './salted-stream.ts';

/** How many hex digits of the key check stand in metadata.json: enough to tell a wrong key from a changed backup. */
const keyCheckDigits = 16;

/**
 * The secret that a backup is encrypted with, and what is derived from it. As each derivation takes its time, each is made
 * once, and begun before it is needed where that is known.
 */
export class BackupSecret {
  /** What `openssl enc -pass file:` reads. */
  readonly bytes: Buffer;
  private readonly files = new Map<string, Promise<FileKey>>();
  private readonly masters = new Map<string, Promise<Buffer>>();

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** @param salt 8 bytes, random, of this one file. */
  sealer(salt: Buffer): Sealer {
    return new SaltedSealer(this.fileKey(salt), salt);
  }

  /** @param salt that the file begins with. */
  async opener(salt: Buffer): Promise<Opener> {
    return new SaltedOpener(await this.fileKey(salt));
  }

  /** The key and IV of a file with that salt. */
  fileKey(salt: Buffer): Promise<FileKey> {
    return remembered(this.files, salt.toString('hex'), () => deriveFileKey(this.bytes, salt));
  }

  /** Takes a file's key that was derived before. @param salt hex */
  adopt(salt: string, fileKey: FileKey): void {
    if (!this.files.has(salt)) this.files.set(salt, Promise.resolve(fileKey));
  }

  /** The keys of files that are known by now: salt, hex → key. Waits for those that are being derived. */
  derivedKeys(): Promise<[salt: string, fileKey: FileKey][]> {
    return Promise.all([...this.files].map(async ([salt, fileKey]) => [salt, await fileKey] as [string, FileKey]));
  }

  /** A key for one purpose. @param salt 8 bytes, the same for all backups of a store. */
  async subkey(salt: Buffer, purpose: KeyPurpose): Promise<Buffer> {
    const master = await remembered(this.masters, salt.toString('hex'), () => deriveMaster(this.bytes, salt));
    return subkey(master, purpose);
  }

  /** HMAC-SHA-256, hex, under a key for that purpose. */
  async mac(salt: Buffer, purpose: KeyPurpose, text: string | Uint8Array): Promise<string> {
    return createHmac('sha256', await this.subkey(salt, purpose))
      .update(text)
      .digest('hex');
  }

  /** What metadata.json keeps, so that a wrong key is told from a changed backup. It proves nothing. */
  async keyCheck(salt: Buffer): Promise<string> {
    return (await this.subkey(salt, 'key check v1')).toString('hex').slice(0, keyCheckDigits);
  }
}

/** Compares two texts of hex digits in a time that tells nothing of where they differ. */
export function isSameMac(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, 'hex'), Buffer.from(other, 'hex')];
  return a.length > 0 && a.length === b.length && timingSafeEqual(a, b);
}

function remembered<T>(known: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  let made = known.get(name);
  if (made === undefined) {
    known.set(name, (made = make()));
    // Whoever needs it is told; that it was begun ahead must not end the process.
    made.catch(() => undefined);
  }
  return made;
}
