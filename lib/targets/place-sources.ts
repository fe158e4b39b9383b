/** A source and where its content stands in the backup, below the target's folder; '' is that folder itself. */
export interface Placed<T> {
  source: T;
  place: string;
}

/**
 * Gives every source of a target its place: the last component of its path, nothing for a folder that is named like its
 * target, and its whole project path where the short name is taken already.
 *
 * @param namesIn the names in a source that is a folder, undefined for a file: where a folder stands directly in its
 * target, no other source may fall on one of them.
 */
export function placeSources<T extends { base: string }>(
  target: string,
  sources: readonly T[],
  namesIn: (source: T) => readonly string[] | undefined,
): Placed<T>[] {
  const taken = new TakenPlaces();
  const placed: Placed<T>[] = [];
  const direct = sources.find((one) => (one.base === '' || lastOf(one.base) === target) && namesIn(one) !== undefined);
  if (direct !== undefined) {
    for (const name of namesIn(direct) ?? []) taken.add(name);
    placed.push({ source: direct, place: '' });
  }
  for (const source of sources) {
    if (source === direct) continue;
    const place = taken.firstFree(lastOf(source.base), source.base);
    taken.add(place);
    placed.push({ source, place });
  }
  return placed;
}

class TakenPlaces {
  private readonly places = new Set<string>();
  private readonly above = new Set<string>();

  add(place: string): void {
    this.places.add(place);
    for (const folder of foldersAbove(place)) this.above.add(folder);
  }

  firstFree(short: string, whole: string): string {
    if (this.isFree(short)) return short;
    if (this.isFree(whole)) return whole;
    // Two sources can share even their whole path: `.poppo/` beside a `config/.poppo/` whose folder stands directly.
    for (let number = 2; ; number += 1) {
      const numbered = `${short}~${number}`;
      if (this.isFree(numbered)) return numbered;
    }
  }

  private isFree(place: string): boolean {
    if (this.places.has(place) || this.above.has(place)) return false;
    return !foldersAbove(place).some((folder) => this.places.has(folder));
  }
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1))
    folders.push(path.slice(0, slash));
  return folders;
}
