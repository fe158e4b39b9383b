import { chmodSync, closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync } from 'node:fs';
import { isSystemError, systemCode } from '../core/errors.ts';
import type { PermissionFinding, StoreItem } from './store-permissions.ts';

/** What became of one fault that was to be repaired. */
export interface PermissionRepair {
  finding: PermissionFinding;
  /** Why it is as it was: the system's reason, or that the filesystem took the order and did nothing. */
  failed?: string;
}

/** The reason where a filesystem has no permissions of its own: network shares, FAT, Windows folders. */
export const withoutEffect = 'no-effect';

/**
 * Sets the modes that the findings want, outer folders first, so that nobody can change what is in them meanwhile. What is
 * another thing by now than was looked at is left alone, and a link is never followed.
 */
export function repairPermissions(findings: readonly PermissionFinding[]): PermissionRepair[] {
  return findings.flatMap((finding) => {
    if (finding.wanted === undefined) return [];
    const failed = setMode(finding.item, finding.wanted);
    return [{ finding, ...(failed === undefined ? {} : { failed }) }];
  });
}

function setMode(item: StoreItem, wanted: number): string | undefined {
  try {
    const mode = canBeOpened(item.mode) ? setByHandle(item, wanted) : setByName(item, wanted);
    return ((mode ^ wanted) & 0o777) === 0 ? undefined : withoutEffect;
  } catch (error) {
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    // It is gone: there is nothing to be wrong any more.
    return isSystemError(error, 'ENOENT') ? undefined : reason;
  }
}

const canBeOpened = (mode: number): boolean => (mode & 0o400) !== 0;

/** @returns the mode that it has then. */
function setByHandle(item: StoreItem, wanted: number): number {
  const fd = openSync(item.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const now = fstatSync(fd);
    if (now.uid !== item.uid || now.isDirectory() !== (item.kind === 'folder')) return wanted;
    fchmodSync(fd, wanted);
    return fstatSync(fd).mode & 0o7777;
  } finally {
    closeSync(fd);
  }
}

/** What its owner may not read cannot be opened. */
function setByName(item: StoreItem, wanted: number): number {
  if (lstatSync(item.path).isSymbolicLink()) return wanted;
  chmodSync(item.path, wanted);
  return lstatSync(item.path).mode & 0o7777;
}
