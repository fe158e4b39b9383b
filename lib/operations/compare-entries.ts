import type { Entry } from '../core/entry.ts';
import { targetOf, type ManifestEntry } from '../store/manifest.ts';
import type { AttributeChanges, Changed, Moved, OneSided } from './diff-result.ts';

/** How people name an entry: by its place in the project; what was made for the backup has none. */
export const shownPath = ({ origin, path }: Pick<Entry, 'origin' | 'path'>): string => origin ?? path;

export function oneSided(change: OneSided['change'], entry: Entry): OneSided {
  return { change, path: shownPath(entry), target: targetOf(entry.path), kind: entry.kind, size: entry.size };
}

/**
 * How an entry differs from what it was, or undefined. Times are no difference. A file of another size needs no hash, and
 * `after` may have none.
 */
export function compareEntries(before: ManifestEntry, after: ManifestEntry): Changed | undefined {
  const changed: Changed = {
    change: 'changed',
    path: shownPath(after),
    target: targetOf(after.path),
    kind: after.kind,
    ...attributeChanges(before, after),
  };
  const plainFields = Object.keys(changed).length;
  if (before.kind !== after.kind) changed.kindBefore = before.kind;
  if (hasOtherContent(before, after)) {
    changed.sizeBefore = before.size;
    changed.sizeAfter = after.size;
    if (after.database !== undefined) changed.database = after.database;
  }
  const isSame = Object.keys(changed).length === plainFields && !hasAttributes(changed);
  return isSame ? undefined : changed;
}

export function moved(before: ManifestEntry, after: ManifestEntry): Moved {
  return {
    change: 'moved',
    from: shownPath(before),
    to: shownPath(after),
    target: targetOf(after.path),
    kind: 'file',
    size: after.size,
    ...attributeChanges(before, after),
  };
}

function hasOtherContent(before: ManifestEntry, after: ManifestEntry): boolean {
  if (before.kind !== after.kind) return before.kind === 'file' || after.kind === 'file';
  return after.kind === 'file' && (before.size !== after.size || before.sha256 !== after.sha256);
}

function attributeChanges(before: ManifestEntry, after: ManifestEntry): AttributeChanges {
  // Where something else stands now, its mode and owner are its own.
  if (before.kind !== after.kind) return {};
  const changes: AttributeChanges = {};
  // A link's own mode means nothing.
  if (after.kind !== 'symlink' && before.mode !== after.mode) {
    changes.mode = { before: octal(before.mode), after: octal(after.mode) };
  }
  if (before.uid !== after.uid || before.gid !== after.gid) {
    changes.owner = { before: `${before.uid}:${before.gid}`, after: `${after.uid}:${after.gid}` };
  }
  if (before.linkTarget !== after.linkTarget) {
    changes.linkTarget = { before: before.linkTarget ?? '', after: after.linkTarget ?? '' };
  }
  return changes;
}

const hasAttributes = ({ mode, owner, linkTarget }: AttributeChanges): boolean =>
  mode !== undefined || owner !== undefined || linkTarget !== undefined;

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
