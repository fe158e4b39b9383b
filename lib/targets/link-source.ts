import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import { isSystemError, systemCode } from '../core/errors.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';
import { statOf } from './scan-folder.ts';

/** Where a source that is itself a link leads. */
export interface LinkEnd {
  /** Below the root where it leads there, else absolute. */
  path: string;
  isInside: boolean;
}

/**
 * Where the link at an absolute path leads, through all links on the way; also to what does not exist, such as a disk
 * that is not mounted. Undefined when it is no link.
 */
export function linkEndOf(absolute: string, root: string): LinkEnd | undefined {
  const stat = statOf(absolute);
  if (stat === undefined || isNativeError(stat) || !stat.isSymbolicLink()) return undefined;
  const end = endOf(absolute);
  const top = realPath(root);
  if (end === top) return { path: '.', isInside: true };
  return end.startsWith(`${top}/`)
    ? { path: end.slice(top.length + 1), isInside: true }
    : { path: end, isInside: false };
}

function endOf(link: string): string {
  try {
    return realPath(link);
  } catch (error) {
    // It leads to nothing, in a circle, or to where nobody may look: as far as it can be read.
    if (systemCode(error) === undefined) throw error;
    const said = decodePath(readlinkSync(toSystemPath(link), { encoding: 'buffer' }));
    return nearestReal(resolve(realPath(dirname(link)), said));
  }
}

/** A path whose end does not exist, with the links in what does exist followed. */
function nearestReal(path: string): string {
  const parent = dirname(path);
  if (parent === path) return path;
  try {
    return realPath(path);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) throw error;
    return `${nearestReal(parent).replace(/\/$/, '')}${path.slice(parent.replace(/\/$/, '').length)}`;
  }
}

function realPath(path: string): string {
  return decodePath(realpathSync.native(toSystemPath(path), { encoding: 'buffer' }));
}
