import { createCipheriv, createDecipheriv, type Cipher } from 'node:crypto';
import type { Opener, Sealer } from '../core/sealed-bytes.ts';
import type { FileKey } from './derive-keys.ts';
import { headBytes, headOf } from './salted-layout.ts';

/**
 * AES-256-CTR in OpenSSL's salted layout. Counter mode has no padding and no order: byte n is encrypted with byte n of the
 * keystream, whose blocks are numbered from the IV on (NIST SP 800-38A, 6.5). So any part can be opened alone; and so no
 * keystream may ever be used for two contents: each file has its own salt, and nothing that is in a file is written over.
 */
export const algorithm = 'aes-256-ctr';

const blockBytes = 16;

/** Encrypts one file from its beginning to its end, once. */
export class SaltedSealer implements Sealer {
  readonly head: Buffer;
  readonly ready: Promise<void>;
  private cipher: Cipher | undefined;

  /** @param fileKey a promise of it where that is still being derived. */
  constructor(fileKey: FileKey | Promise<FileKey>, salt: Buffer) {
    this.head = headOf(salt);
    this.ready = fileKey instanceof Promise ? fileKey.then((known) => this.begin(known)) : Promise.resolve();
    if (!(fileKey instanceof Promise)) this.begin(fileKey);
    // Whoever waits for it is told.
    this.ready.catch(() => undefined);
  }

  seal(bytes: Uint8Array): Buffer {
    if (this.cipher === undefined) throw new Error('its key is still being derived');
    return this.cipher.update(bytes);
  }

  private begin({ key, iv }: FileKey): void {
    this.cipher = createCipheriv(algorithm, key, iv);
  }
}

/** Decrypts any parts of a file, in any order. Proves nothing: hash or MAC come before it. */
export class SaltedOpener implements Opener {
  readonly headBytes = headBytes;
  private readonly fileKey: FileKey;

  constructor(fileKey: FileKey) {
    this.fileKey = fileKey;
  }

  open(bytes: Uint8Array, offset: number): Buffer {
    const at = offset - headBytes;
    if (at < 0) throw new RangeError('the head of an encrypted file holds no content');
    const decipher = createDecipheriv(
      algorithm,
      this.fileKey.key,
      counterAt(this.fileKey.iv, Math.floor(at / blockBytes)),
    );
    const skipped = at % blockBytes;
    if (skipped > 0) decipher.update(Buffer.alloc(skipped));
    return decipher.update(bytes);
  }
}

/** The counter of a block: a number of 128 bits, the highest first, that begins anew after its highest. */
function counterAt(iv: Buffer, block: number): Buffer {
  const counter = (BigInt(`0x${iv.toString('hex')}`) + BigInt(block)) & ((1n << 128n) - 1n);
  return Buffer.from(counter.toString(16).padStart(32, '0'), 'hex');
}
