import { isUtf8 } from 'node:buffer';
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { BackupError } from '../core/errors.ts';

/** Where a key came from, as findings and errors call it: `--encryption-key`, `BACKUP_ENCRYPTION_KEY`. Never the key. */
export interface KeySource {
  name: string;
  /** The file, absolute, where it came from one. */
  file?: string;
}

/**
 * How the text that OpenSSL is given comes from a key file: its first line as it stands; or, for a file of other bytes than one
 * line of text, all of them in hex digits.
 */
export type KeyForm = 'line' | 'hex';

/** What encrypts and decrypts: a secret, or one half or both of an RSA key. */
export type Key =
  | { kind: 'secret'; secret: Buffer; form: KeyForm; source: KeySource }
  | { kind: 'private' | 'public'; key: KeyObject; source: KeySource };

/** OpenSSL reads no longer passphrase from a file (`APP_PASS_LEN` of its `apps`). */
const mostSecretBytes = 1023;

/**
 * A key from the bytes of its file, or of a variable's text.
 * @throws BackupError KEY_INVALID
 */
export function parseKey(bytes: Buffer, source: KeySource): Key {
  if (/^\s*-----BEGIN [A-Z ]+-----/.test(bytes.toString('latin1', 0, 128))) return parsePem(bytes, source);
  const end = bytes.at(-1) === 0x0a ? bytes.length - 1 : bytes.length;
  const line = bytes.subarray(0, end);
  if (line.length === 0) throw invalid(source, 'it is empty');
  // OpenSSL takes the first line, a carriage return with it, and ends at a zero byte.
  const isLine = !line.some((byte) => isControl(byte) && byte !== tab);
  if (!isLine && isText(bytes)) {
    throw invalid(source, 'it has more than one line, or the line ends of Windows');
  }
  const secret = isLine ? Buffer.from(line) : Buffer.from(bytes.toString('hex'), 'latin1');
  if (secret.length > mostSecretBytes)
    throw invalid(source, `it is longer than OpenSSL reads (${mostSecretBytes} bytes)`);
  return { kind: 'secret', secret, form: isLine ? 'line' : 'hex', source };
}

const [tab, lineFeed, carriageReturn] = [0x09, 0x0a, 0x0d];

const isControl = (byte: number): boolean => byte < 0x20 || byte === 0x7f;

/** Lines that somebody wrote: what is drawn by lot is never so, not even in its first bytes. */
const isText = (bytes: Buffer): boolean =>
  isUtf8(bytes) && bytes.every((byte) => !isControl(byte) || [tab, lineFeed, carriageReturn].includes(byte));

function parsePem(pem: Buffer, source: KeySource): Key {
  const isPublic = pem.includes('-----BEGIN PUBLIC KEY') || pem.includes('-----BEGIN RSA PUBLIC KEY');
  try {
    return isPublic
      ? { kind: 'public', key: createPublicKey(pem), source }
      : { kind: 'private', key: createPrivateKey(pem), source };
  } catch (error) {
    // What OpenSSL says of it may quote it.
    throw new BackupError(
      'KEY_INVALID',
      { source: nameOf(source), problem: 'it is no RSA key in PEM that opens without a passphrase' },
      { cause: error instanceof Error && 'code' in error ? new Error(String(error.code)) : undefined },
    );
  }
}

/** For messages: where the key came from, with the file. */
export const nameOf = ({ name, file }: KeySource): string => (file === undefined ? name : `${name} (${file})`);

const invalid = (source: KeySource, problem: string): BackupError =>
  new BackupError('KEY_INVALID', { source: nameOf(source), problem });
