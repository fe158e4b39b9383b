/**
 * The layout of what `openssl enc` writes: a mark, eight bytes of salt, ciphertext. Source: OpenSSL, apps/enc.c.
 */

export const saltedMark = Buffer.from('Salted__', 'latin1');

export const saltBytes = 8;

/** Bytes before the ciphertext. */
export const headBytes = saltedMark.length + saltBytes;

/** What stands before the ciphertext. */
export const headOf = (salt: Uint8Array): Buffer => Buffer.concat([saltedMark, salt]);

/** The salt of an encrypted file, from its first bytes; undefined where it is no such file. */
export function saltOf(start: Buffer): Buffer | undefined {
  if (start.length < headBytes || !start.subarray(0, saltedMark.length).equals(saltedMark)) return undefined;
  return Buffer.from(start.subarray(saltedMark.length, headBytes));
}
