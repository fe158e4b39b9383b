import {
  constants,
  createHash,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

/** A public key that backups are encrypted to. */
export interface Recipient {
  key: KeyObject;
  /** `sha256:<hex>` of the public key's SubjectPublicKeyInfo, DER. */
  fingerprint: string;
  /** Bytes of what is wrapped to it: those of its modulus. */
  wrappedBytes: number;
}

/** Fewer bits than this are not worth encrypting to (NIST SP 800-57 part 1, table 2). */
const leastBits = 2048;

/** What `recipientOf` takes, in words. */
export const recipientKeys = `RSA key of ${leastBits} bits or more, in a multiple of 512`;

const oaep = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' } as const;

/** Where a wrapped secret may begin among others: at multiples of so many bytes. Keys of all usual sizes are multiples. */
const partBytes = 64;

/** The public half of a key; undefined where it is no RSA key that is long enough, or one of an unusual size. */
export function recipientOf(key: KeyObject): Recipient | undefined {
  const half = key.type === 'private' ? createPublicKey(key) : key;
  const bits = half.asymmetricKeyDetails?.modulusLength ?? 0;
  if (half.asymmetricKeyType !== 'rsa' || bits < leastBits || bits % (8 * partBytes) !== 0) return undefined;
  const der = half.export({ type: 'spki', format: 'der' });
  const fingerprint = `sha256:${createHash('sha256').update(der).digest('hex')}`;
  return { key: half, fingerprint, wrappedBytes: bits / 8 };
}

/** A random secret for one backup: 64 hex digits, so that `openssl enc -pass file:` reads it from a file. */
export const randomSecret = (): Buffer => Buffer.from(randomBytes(32).toString('hex'), 'latin1');

/** The secret wrapped to each recipient by RSA-OAEP with SHA-256, one behind the other, in their order. */
export const wrapSecret = (secret: Buffer, recipients: readonly Recipient[]): Buffer =>
  Buffer.concat(recipients.map(({ key }) => publicEncrypt({ key, ...oaep }, secret)));

/** More bytes than this no file of wrapped secrets has. */
export const mostWrappedBytes = 1 << 14;

/** What any of the wrapped secrets gives under a private key; undefined where none is for it. */
export function unwrapSecret(wrapped: Buffer, privateKey: KeyObject): Buffer | undefined {
  const size = recipientOf(privateKey)?.wrappedBytes;
  if (size === undefined || wrapped.length > mostWrappedBytes) return undefined;
  // Recipients' keys may differ in length: their places are not written down.
  for (let at = 0; at + size <= wrapped.length; at += partBytes) {
    try {
      const secret = privateDecrypt({ key: privateKey, ...oaep }, wrapped.subarray(at, at + size));
      if (/^[0-9a-f]{64}$/.test(secret.toString('latin1'))) return secret;
    } catch {
      // OAEP says no more than that this is not for this key.
    }
  }
  return undefined;
}
