import { lstatSync, renameSync } from 'node:fs';
import { placeError } from '../core/errors.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { readNames } from '../targets/scan-folder.ts';

/**
 * Moves everything in a staging folder to its place below the destination, on the same filesystem (`prepareSwap` sees
 * to that). A folder that the destination does not have moves as a whole; a file replaces its predecessor in one step,
 * so that nobody ever sees half of one.
 * @param onMoved told after each rename.
 */
export function swapIn(staging: string, destination: string, onMoved: () => void = () => undefined): void {
  for (const name of readNames(staging)) moveOne(`${staging}/${name}`, `${destination}/${name}`, onMoved);
}

/** The same for one file, link or folder. */
export function moveOne(from: string, to: string, onMoved: () => void = () => undefined): void {
  const staged = lstatSync(toSystemPath(from));
  if (staged.isDirectory() && lstatSync(toSystemPath(to), { throwIfNoEntry: false })?.isDirectory() === true) {
    swapIn(from, to, onMoved);
    return;
  }
  try {
    renameSync(toSystemPath(from), toSystemPath(to));
  } catch (error) {
    throw placeError(error, to, 'putting it in its place');
  }
  onMoved();
}
