import { entriesOnly, type ManifestEntry } from '../store/manifest.ts';
import type { PathSet } from '../core/path-set.ts';
import type { OpenBackup } from './opened-backup.ts';

/**
 * The first entry whose place lies behind one of these links of the same backup: written there, it would land wherever
 * the link leads. No project gives such a manifest; who changes one and computes its checksums anew can.
 * @param placeOf where an entry goes below the destination; undefined for those that are not asked for.
 */
export async function entryBehindLink(
  backup: OpenBackup,
  links: PathSet,
  placeOf: (entry: ManifestEntry) => string | undefined,
): Promise<string | undefined> {
  if (links.size === 0) return undefined;
  /** A folder that is behind no link: what comes next lies in it, or not far away. */
  let known = '';
  for await (const batch of entriesOnly(backup.readManifest())) {
    for (const entry of batch) {
      const place = placeOf(entry);
      if (place === undefined) continue;
      const parent = place.slice(0, Math.max(0, place.lastIndexOf('/')));
      if (parent === known) continue;
      if (leadsThrough(`${parent}/`, links, commonFolders(parent, known))) return place;
      known = parent;
    }
  }
  return undefined;
}

/** @param from nothing above that place in it is a link. */
function leadsThrough(place: string, links: PathSet, from: number): boolean {
  for (let slash = place.indexOf('/', from); slash !== -1; slash = place.indexOf('/', slash + 1)) {
    if (links.has(place.slice(0, slash))) return true;
  }
  return false;
}

/** How much of a folder's path lies behind the folders that it has in common with another. */
function commonFolders(folder: string, known: string): number {
  let same = 0;
  let behind = 0;
  for (; same < folder.length && folder[same] === known[same]; same += 1) if (folder[same] === '/') behind = same + 1;
  return behind;
}
