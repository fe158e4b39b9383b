import { hkdfSync, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const stretch = promisify(pbkdf2);

/** Rounds of PBKDF2-HMAC-SHA-256: what OWASP recommends (Password Storage Cheat Sheet), and what docs/format.md promises. */
export const iterations = 600_000;

/** What `openssl enc -pbkdf2` takes key and IV from: the first bytes are the key, the next sixteen the IV. */
export interface FileKey {
  /** 32 bytes. */
  key: Buffer;
  /** 16 bytes: the first counter of AES-CTR, the IV of AES-CBC. */
  iv: Buffer;
}

/** The key and IV of one file. It takes a quarter of a second of one core, on another thread. */
export async function deriveFileKey(secret: Buffer, salt: Buffer): Promise<FileKey> {
  const bytes = await stretch(secret, salt, iterations, 48, 'sha256');
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
}

/** Stretches a secret once for all that is not the content of a file; each use takes a key of its own from it. */
export const deriveMaster = (secret: Buffer, salt: Buffer): Promise<Buffer> =>
  stretch(secret, salt, iterations, 32, 'sha256');

/** What keys are taken from a master for. A name never changes: what was made with its key could not be checked any more. */
export type KeyPurpose =
  'metadata mac v1' | 'manifest mac v1' | 'key check v1' | 'key cache v1' | 'environment v1' | 'audit log v1';

/** 32 bytes by HKDF-SHA-256, without a salt (RFC 5869): the master is as random as the secret lets it be. */
export const subkey = (master: Buffer, purpose: KeyPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `ai-backup ${purpose}`, 32));
