import { lstatSync, rmSync } from 'node:fs';
import { makeFolder } from '../core/durable-files.ts';

/**
 * Makes a folder of `.state` in which nothing is that cannot be made again, and from which is removed what is of no use. A link in
 * its place goes: behind it are somebody's own files.
 */
export function makeCacheFolder(path: string, mode: number): void {
  removeLink(path);
  makeFolder(path, mode);
}

/** Removes a link, and leaves alone what is none. */
export function removeLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(path);
}
