import { lstatSync } from 'node:fs';
import { finding, type Finding } from '../core/findings.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import type { StagedRestore } from './placement.ts';
import { isSameTime } from './restore-standing.ts';
import { restoredFolderBits } from './staging-folder.ts';
import type { SwapChecks } from './swap-checks.ts';

/** Which folders get mode, owner and time once everything is in place. */
export interface SettableFolders {
  folders: StagedRestore['folders'];
  /** Names what stays as it is though the backup has it otherwise. */
  warnings: Finding[];
}

/**
 * Chooses the folders to be set: those that the restore makes, and those that exist, unless existing ones are kept. A
 * folder of somebody else's cannot be set, which is told. Where its mode is another one and something comes into it,
 * that is a problem for `checks`: what was private would lie open.
 * @param destination the destination's folder.
 * @param checks has looked at everything that is going to be changed.
 */
export function settableFolders(
  destination: string,
  staged: StagedRestore['folders'],
  keepsExisting: boolean,
  checks: SwapChecks,
): SettableFolders {
  const folders: StagedRestore['folders'] = [];
  const unset: string[] = [];
  const user = process.getuid?.();
  for (const one of staged) {
    const path = `${destination}/${one.origin}`;
    const there = checks.stateOf(path);
    if (there !== undefined && keepsExisting) continue;
    if (there === undefined || user === undefined || user === 0 || there.uid === user) {
      folders.push(one);
      continue;
    }
    const hasMode = (there.mode & restoredFolderBits) === (one.entry.mode & restoredFolderBits);
    const isChanging = checks.isChanging(path);
    if (!hasMode && isChanging) checks.refused(path);
    else if (!hasMode || isChanging || !isSameTime(timeOf(path), one.entry.mtimeNs)) unset.push(one.origin);
  }
  const [path] = unset;
  const warnings = path === undefined ? [] : [finding('folders-not-set', { path, count: unset.length })];
  return { folders, warnings };
}

const timeOf = (path: string): bigint => lstatSync(toSystemPath(path), { bigint: true }).mtimeNs;
