import { BackupError } from '../core/errors.ts';
import { PathSet } from '../core/path-set.ts';
import { folded, foldsNames, type NameFolding } from './name-folding.ts';

type EachPlace = (visit: (place: string) => void) => Promise<void>;

/**
 * Makes sure that every file of a backup has a place of its own on the filesystem that it comes to: of two that fall together
 * there the one would silently replace the other, and a file could come to lie behind a link of another case.
 * @param eachPlace gives the places of all files and links; it is asked up to three times, and not at all where names stay apart.
 * @throws BackupError NAMES_COLLIDE
 */
export async function expectOwnPlaces(destination: string, eachPlace: EachPlace, folding: NameFolding): Promise<void> {
  if (!foldsNames(folding)) return;
  const own = new PathSet();
  const places = new PathSet();
  let collision: { place: string; with: string } | undefined;
  await eachPlace((place) => {
    // One place that two targets hold is no collision: it is restored once.
    if (!own.add(place) || places.add(folded(place, folding))) return;
    collision ??= { place, with: folded(place, folding) };
  });
  collision ??= await fileAsFolder(eachPlace, places, folding);
  if (collision === undefined) return;
  const { place, with: text } = collision;
  let other = '';
  await eachPlace((one) => {
    if (one !== place && other === '' && folded(one, folding) === text) other = one;
  });
  throw new BackupError('NAMES_COLLIDE', { destination, paths: [other, place] });
}

/** A file whose name is that of a folder of another file. */
async function fileAsFolder(
  eachPlace: EachPlace,
  places: PathSet,
  folding: NameFolding,
): Promise<{ place: string; with: string } | undefined> {
  let found: { place: string; with: string } | undefined;
  let known = '';
  await eachPlace((place) => {
    const parent = place.slice(0, Math.max(0, place.lastIndexOf('/')));
    if (found !== undefined || parent === known) return;
    known = parent;
    const text = folded(parent, folding);
    for (let end = text.length; end > 0; end = text.lastIndexOf('/', end - 1)) {
      if (places.has(text.slice(0, end))) found = { place, with: text.slice(0, end) };
    }
  });
  return found;
}
