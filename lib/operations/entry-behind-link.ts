import { entriesOnly, type ManifestEntry } from '../store/manifest.ts';
import type { OpenBackup } from './open-backup.ts';

/**
 * The first entry whose place lies behind one of these links of the same backup: written there, it would land wherever
 * the link leads. No project gives such a manifest; who changes one and computes its checksums anew can.
 * @param placeOf where an entry goes below the destination; undefined for those that are not asked for.
 */
export async function entryBehindLink(
  backup: OpenBackup,
  links: ReadonlySet<string>,
  placeOf: (entry: ManifestEntry) => string | undefined,
): Promise<string | undefined> {
  if (links.size === 0) return undefined;
  for await (const batch of entriesOnly(backup.readManifest())) {
    for (const entry of batch) {
      const place = placeOf(entry);
      if (place !== undefined && leadsThrough(place, links)) return place;
    }
  }
  return undefined;
}

function leadsThrough(place: string, links: ReadonlySet<string>): boolean {
  for (let slash = place.indexOf('/'); slash !== -1; slash = place.indexOf('/', slash + 1)) {
    if (links.has(place.slice(0, slash))) return true;
  }
  return false;
}
