import { lstatSync, opendirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of a SQLite header that its own backup interface may change: journal versions, change counters, library version. */
const volatileHeader: readonly (readonly [from: number, to: number])[] = [
  [18, 20],
  [24, 28],
  [40, 44],
  [92, 100],
];
const sqliteMagic = 'SQLite format 3\0';

/**
 * Compares a restored project with its source, so that nothing is measured that did not do its work. Returns one line
 * for each file that is missing, added or different. Databases are compared by all but their headers' counters.
 */
export function differences(source: string, restored: string, leftOut: readonly string[] = []): string[] {
  const found: string[] = [];
  const expected = new Set(filesBelow(source).filter((path) => !leftOut.includes(path)));
  for (const path of filesBelow(restored)) if (!expected.has(path)) found.push(`${path} was added`);
  for (const path of expected) {
    const restoredPath = join(restored, path);
    if (lstatSync(restoredPath, { throwIfNoEntry: false }) === undefined) found.push(`${path} is missing`);
    else if (!sameContent(join(source, path), restoredPath)) found.push(`${path} is different`);
  }
  return found;
}

/** Every path below a folder that is not a folder itself. */
export function filesBelow(root: string, prefix = ''): string[] {
  const found: string[] = [];
  const folder = opendirSync(join(root, prefix));
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      if (entry.isDirectory()) found.push(...filesBelow(root, path));
      else found.push(path);
    }
  } finally {
    folder.closeSync();
  }
  return found;
}

function sameContent(a: string, b: string): boolean {
  const left = readFileSync(a);
  const right = readFileSync(b);
  if (left.equals(right)) return true;
  if (left.length !== right.length || left.toString('latin1', 0, sqliteMagic.length) !== sqliteMagic) return false;
  for (const [from, to] of volatileHeader) {
    left.fill(0, from, to);
    right.fill(0, from, to);
  }
  return left.equals(right);
}
