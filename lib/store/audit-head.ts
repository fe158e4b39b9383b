import { closeSync, constants, fchmodSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isSystemError } from '../core/errors.ts';
import { isCount, isMacRight, parseObject, withMac, type AuditKey } from './audit-line.ts';
import { ownLikeStore } from './audit-owner.ts';
import { stateFolder, type Store } from './store.ts';

/** Which line is the last one, apart from the log: so lines that are cut off at its end are missed. */
export interface AuditHead {
  seq: number;
  hash: string;
  /** Present where it was written with a key. */
  key?: { macSalt: string; keyCheck: string };
  /** The text that a MAC is of, and its MAC. */
  bytes: Buffer;
}

export type ReadHead = AuditHead | 'missing' | 'damaged';

/** Where the checkpoint is. */
export const auditHeadFile = (store: Store): string => join(stateFolder(store), 'audit-head.json');

/** Always as many bytes: it is written over, never cut off and filled again. */
const headBytes = 512;
const mostLines = 2 ** 40;

/** @throws the system's error where it may not be read. */
export function readAuditHead(store: Store): ReadHead {
  let bytes: Buffer;
  try {
    const fd = openSync(auditHeadFile(store), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile() || stat.size > headBytes) return 'damaged';
      bytes = readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return 'missing';
    if (isSystemError(error, 'ELOOP')) return 'damaged';
    throw error;
  }
  const text = bytes.toString('utf8').trimEnd();
  // The system went down before its bytes came to the disk.
  if (text.replaceAll('\0', '') === '') return 'missing';
  const { seq, hash, macSalt, keyCheck, mac } = parseObject(text) ?? {};
  // A number that no log comes to would leave none for the lines after it.
  if (!isCount(seq) || seq > mostLines || typeof hash !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(hash))
    return 'damaged';
  const head = { seq, hash, bytes: Buffer.from(text) };
  if (mac === undefined) return head;
  if (typeof macSalt !== 'string' || typeof keyCheck !== 'string') return 'damaged';
  return { ...head, key: { macSalt, keyCheck } };
}

/** False where the head says that this key made its MAC, and it did not. */
export function isHeadRight(head: AuditHead, key: AuditKey | undefined): boolean {
  const { macSalt, keyCheck } = head.key ?? {};
  if (key === undefined || macSalt !== key.macSalt || keyCheck !== key.keyCheck) return true;
  return isMacRight(head.bytes, key.key);
}

/**
 * Writes it, not flushed: a head that is behind the log is no fault, and the next line brings it up again. One short write over
 * what was there is there whole or not at all, however this process ends.
 */
export function writeAuditHead(store: Store, head: { seq: number; hash: string }, key: AuditKey | undefined): void {
  const path = auditHeadFile(store);
  const text = withMac({ seq: head.seq, hash: head.hash }, key);
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, store.modes.file);
  try {
    const { size } = fstatSync(fd);
    if (size > headBytes) ftruncateSync(fd, headBytes);
    if (size === 0) {
      fchmodSync(fd, store.modes.file);
      ownLikeStore(fd, store);
    }
    writeSync(fd, `${text.padEnd(headBytes - 1)}\n`, 0);
  } finally {
    closeSync(fd);
  }
}
