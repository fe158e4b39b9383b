import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { fsyncPath } from '../core/durable-files.ts';
import { auditLogFile, auditLogName, openLog, rotatedLogName, rotatedLogs, type OpenLog } from './audit-files.ts';
import { isHeadRight, readAuditHead, writeAuditHead } from './audit-head.ts';
import { formatAuditLine, hashOf, noHash, type AuditEntry, type AuditFacts, type AuditKey } from './audit-line.ts';
import { withAuditLock } from './audit-lock.ts';
import { ownLikeStore } from './audit-owner.ts';
import { readTail, type AuditTail } from './audit-tail.ts';
import { idsInStore, type Store } from './store.ts';

/** A file that has grown to this is kept under another name, and a new one begun. */
const fullBytes = 4 << 20;

/** True where acts are noted: in a store that holds a backup, or has held one. Nothing is made of an empty folder. */
export function keepsAuditLog(store: Store): boolean {
  return existsSync(store.path) && (existsSync(auditLogFile(store)) || idsInStore(store).length > 0);
}

/**
 * Adds one line to a store's audit log and flushes it to the disk. Each line names the hash of the one before it, also across
 * files; a line that a kill cut short stays as it is, and the next one follows its bytes.
 * @throws BackupError STORE_LOCKED; the system's error where it cannot be written. Nothing of the line stays then.
 */
export async function appendToAuditLog(
  store: Store,
  entry: AuditEntry,
  world: { clock: Clock; key?: AuditKey | undefined; fullBytes?: number },
): Promise<void> {
  await withAuditLock(store, world.clock, () => {
    const { tail, isNew } = rotateAndRead(store, world.fullBytes ?? fullBytes);
    const { seq, prev, facts } = follow(store, tail, world.key);
    const noted = { ...entry, facts: { ...entry.facts, ...facts } };
    const text = formatAuditLine(noted, { seq, at: world.clock.now().toISOString(), prev }, world.key);
    const bytes = Buffer.from(text);
    appendBytes(store, tail.isEnded ? [bytes] : [lineEnd, bytes], isNew);
    writeAuditHead(store, { seq, hash: hashOf(bytes) }, world.key);
  });
}

const lineEnd = Buffer.from('\n');

/** Puts a full file away. @returns how the log ends, and whether its newest file is still to be made. */
function rotateAndRead(store: Store, mostBytes: number): { tail: AuditTail; isNew: boolean } {
  const current = openLog(store, auditLogName);
  if (current === undefined) return { tail: tailOfNewest(store), isNew: true };
  try {
    const tail = current.size === 0 ? tailOfNewest(store) : readTail(current);
    if (current.size < mostBytes || !tail.isEnded) return { tail, isNew: false };
    const first = firstSeqOf(current);
    const full = first === undefined ? undefined : join(store.path, rotatedLogName(first));
    // Nothing takes the place of a file that is there: better one that goes on growing.
    if (full === undefined || existsSync(full)) return { tail, isNew: false };
    renameSync(auditLogFile(store), full);
    fsyncPath(store.path);
    return { tail, isNew: true };
  } finally {
    closeSync(current.fd);
  }
}

/** How the full files end: after a kill between a rotation and the first line of the new file, they are all there is. */
function tailOfNewest(store: Store): AuditTail {
  const name = rotatedLogs(store).at(-1);
  const log = name === undefined ? undefined : openLog(store, name);
  if (log === undefined) return { seq: 0, hash: noHash, isEnded: true };
  try {
    return { ...readTail(log), isEnded: true };
  } finally {
    closeSync(log.fd);
  }
}

function firstSeqOf({ fd }: OpenLog): number | undefined {
  const bytes = Buffer.alloc(64);
  const got = readSync(fd, bytes, 0, bytes.length, 0);
  const digits = /^\{"seq":(\d{1,15}),/.exec(bytes.toString('latin1', 0, got))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * What the next line follows. Where the checkpoint knows of a later line than the log, or of another one, the checkpoint has the
 * word: so what somebody cut off or changed stays missing for good.
 */
function follow(
  store: Store,
  tail: AuditTail,
  key: AuditKey | undefined,
): { seq: number; prev: string; facts: AuditFacts } {
  const head = readAuditHead(store);
  const torn: AuditFacts = tail.isEnded ? {} : { torn: true };
  const isKnown = head !== 'missing' && head !== 'damaged' && isHeadRight(head, key);
  if (isKnown && head.seq >= tail.seq) return { seq: head.seq + 1, prev: head.hash, facts: torn };
  const checkpoint: AuditFacts = isKnown || tail.seq === 0 ? {} : { checkpoint: head === 'missing' ? head : 'changed' };
  return { seq: tail.seq + 1, prev: tail.hash, facts: { ...torn, ...checkpoint } };
}

function appendBytes(store: Store, parts: readonly Buffer[], isNew: boolean): void {
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const flags = O_WRONLY | O_APPEND | O_NOFOLLOW | (isNew ? O_CREAT | O_EXCL : 0);
  const bytes = Buffer.concat([...parts, lineEnd]);
  const fd = openSync(auditLogFile(store), flags, store.modes.file);
  let written = 0;
  try {
    if (isNew) {
      fchmodSync(fd, store.modes.file);
      ownLikeStore(fd, store);
    }
    while (written < bytes.length) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } catch (error) {
    // A line of which a part found no room is no line; the lock is held, so nothing came after it.
    ftruncateSync(fd, fstatSync(fd).size - written);
    throw error;
  } finally {
    closeSync(fd);
  }
  if (isNew) fsyncPath(store.path);
}
