import {
  constants,
  copyFileSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { isSystemError, placeError } from '../core/errors.ts';
import { systemTime } from '../core/file-times.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { readNames } from '../targets/scan-folder.ts';

/**
 * Moves everything in a staging folder to its place below the destination. A folder that the destination does not have
 * moves as a whole; a file replaces its predecessor in one step, so that nobody ever sees half of one.
 */
export function swapIn(staging: string, destination: string): void {
  for (const name of readNames(staging)) moveOne(`${staging}/${name}`, `${destination}/${name}`);
}

/** The same for one file, link or folder. */
export function moveOne(from: string, to: string): void {
  const staged = lstatSync(toSystemPath(from));
  if (staged.isDirectory() && lstatSync(toSystemPath(to), { throwIfNoEntry: false })?.isDirectory() === true) {
    swapIn(from, to);
    return;
  }
  try {
    renameSync(toSystemPath(from), toSystemPath(to));
  } catch (error) {
    if (!isSystemError(error, 'EXDEV')) throw placeError(error, to, 'putting it in its place');
    moveAcross(from, to);
  }
}

/** The place is on another filesystem than the staging folder: a copy beside it takes the place instead. */
function moveAcross(from: string, to: string): void {
  const staged = lstatSync(toSystemPath(from), { bigint: true });
  if (staged.isDirectory()) {
    mkdirSync(toSystemPath(to), { mode: Number(staged.mode) & 0o7777, recursive: true });
    swapIn(from, to);
    return;
  }
  const beside = toSystemPath(`${to}.ai-backup-new`);
  rmSync(beside, { force: true });
  try {
    if (staged.isSymbolicLink()) symlinkSync(readlinkSync(toSystemPath(from), 'buffer'), beside);
    else copyFileSync(toSystemPath(from), beside, constants.COPYFILE_EXCL);
    lutimesSync(beside, systemTime(staged.mtimeNs), systemTime(staged.mtimeNs));
    if (process.getuid?.() === 0) lchownSync(beside, Number(staged.uid), Number(staged.gid));
    renameSync(beside, toSystemPath(to));
  } catch (error) {
    rmSync(beside, { force: true });
    throw placeError(error, to, 'putting it in its place');
  }
}
