import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { BackupError, isBackupError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { nameOf, parseKey, type Key, type KeySource } from './key.ts';

/** No key is larger. */
const mostBytes = 1 << 16;

/** The variable that names one. */
export const fileVariable = 'BACKUP_ENCRYPTION_KEY_FILE';

/** What is not there, and is not named like a file, may be the key itself, given in the wrong place: it is not repeated. */
export const endsLikeKeyFile = (path: string): boolean => /\.(?:key|txt|pem|pub|hex|bin|secret|pass|asc)$/i.test(path);
const mayBeKey = 'there is no such file; what is given here is the name of a file, not the key itself';

/**
 * Reads a key file.
 * @returns the key, and what is wrong with the file's permissions.
 * @throws BackupError KEY_UNREADABLE, KEY_INVALID
 */
export function readKeyFile(source: Required<KeySource>): { key: Key; findings: Finding[] } {
  const { bytes, mode } = readBytes(source);
  const key = parseKey(bytes, source);
  // A public key is for everybody.
  const isOpen = (mode & 0o077) !== 0 && key.kind !== 'public';
  const text = (mode & 0o7777).toString(8).padStart(4, '0');
  return { key, findings: isOpen ? [finding('key-exposed', { path: source.file, found: text })] : [] };
}

function readBytes(source: Required<KeySource>): { bytes: Buffer; mode: number } {
  try {
    // A named pipe, as a shell's `<(…)` gives, is as good as a file: it is opened to be waited for.
    const fd = openSync(source.file, constants.O_RDONLY);
    try {
      const stat = fstatSync(fd);
      const bytes = readUpTo(fd, mostBytes + 1);
      if (bytes.length > mostBytes)
        throw new BackupError('KEY_INVALID', { source: nameOf(source), problem: 'it is too large' });
      return { bytes, mode: stat.isFile() ? stat.mode : 0o600 };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined || isBackupError(error)) throw error;
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(code) && !endsLikeKeyFile(source.file)) {
      // Without a cause: it names the path too.
      throw new BackupError('KEY_UNREADABLE', { source: source.name, reason: mayBeKey });
    }
    throw new BackupError('KEY_UNREADABLE', { source: nameOf(source), reason: code }, { cause: error });
  }
}

/** No more than that: a device gives bytes for ever. */
function readUpTo(fd: number, most: number): Buffer {
  const bytes = Buffer.alloc(most);
  let used = 0;
  for (let got = -1; got !== 0 && used < most; used += got) got = readSync(fd, bytes, used, most - used, null);
  return bytes.subarray(0, used);
}
