import { isNativeError } from 'node:util/types';
import type { SourceEntry } from '../core/entry.ts';
import { sqliteCompanions } from '../targets/databases/sqlite-header.ts';
import type { PlacedFolder } from '../targets/scan-target.ts';
import { statOf } from '../targets/scan-folder.ts';

/**
 * Where the raw file of a corrupt database is kept: beside its name as `<name>.corrupt`, or with a number where the project
 * has such a file already (`<name>.corrupt-2`, …), so that neither takes the other's place, in the backup or in a restore.
 * The names of its companions (`<name>.corrupt-wal`, …) are free, too. The same project gives the same name.
 * @param placed every source of the entry's target.
 */
export function corruptName(
  entry: Pick<SourceEntry, 'path' | 'origin'>,
  root: string,
  placed: readonly PlacedFolder[],
): { path: string; origin: string } {
  const origin = entry.origin ?? entry.path;
  for (let number = 1; ; number += 1) {
    const ending = number === 1 ? '.corrupt' : `.corrupt-${number}`;
    const name = { path: `${entry.path}${ending}`, origin: `${origin}${ending}` };
    if (
      !withCompanions(name.origin).some((origin) => isThere(root, origin)) &&
      !withCompanions(name.path).some((path) => isTaken(path, root, placed))
    )
      return name;
  }
}

function withCompanions(path: string): string[] {
  const { wal, sharedMemory, journal } = sqliteCompanions(path);
  return [path, wal, sharedMemory, journal];
}

/** True when another source of the target stands at that path of the backup, below it, or has a file for it. */
function isTaken(path: string, root: string, placed: readonly PlacedFolder[]): boolean {
  return placed.some((source) => {
    if (source.path === path || source.path.startsWith(`${path}/`)) return true;
    if (!source.isFolder || !path.startsWith(`${source.path}/`)) return false;
    const rest = path.slice(source.path.length + 1);
    return isThere(root, source.origin === '' ? rest : `${source.origin}/${rest}`);
  });
}

function isThere(root: string, origin: string): boolean {
  const stat = statOf(`${root}/${origin}`);
  return stat !== undefined && !isNativeError(stat);
}
