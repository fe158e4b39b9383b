import picomatch from 'picomatch';
import { targetOf, type ManifestEntry } from '../store/manifest.ts';
import { requireKnown } from '../targets/target-definitions.ts';

/** Tells which entries of a backup are asked for, and where they are restored to; undefined for those that are not. */
export type EntrySelection = (entry: ManifestEntry) => string | undefined;

/**
 * @param known the targets of the backup.
 * @throws BackupError TARGET_UNKNOWN
 */
export function selectEntries(
  known: readonly string[],
  request: { targets?: readonly string[]; include?: readonly string[] },
): EntrySelection {
  for (const name of request.targets ?? []) requireKnown(name, known);
  const targets = request.targets === undefined ? undefined : new Set(request.targets);
  const isIncluded = request.include === undefined ? undefined : includeMatcher(request.include);
  return (entry) => {
    if (targets !== undefined && !targets.has(targetOf(entry.path))) return undefined;
    // What was made for the backup (environment.json) comes back only for who asks for it by name.
    if (entry.origin === undefined) return request.include?.includes(entry.path) === true ? entry.path : undefined;
    if (isIncluded === undefined || isIncluded(entry.origin) || isIncluded(entry.path)) return entry.origin;
    return undefined;
  };
}

/**
 * A word names a file, a folder with all in it, or is a glob. Every word is taken as a name first: a name may hold a
 * glob's characters.
 */
function includeMatcher(words: readonly string[]): (path: string) => boolean {
  const tidy = words.map((word) => word.replace(/^(\.\/)+/, '').replace(/\/+$/, ''));
  const globs = tidy.filter((word) => picomatch.scan(word).isGlob || word.includes('\\'));
  const isGlob = globs.length === 0 ? () => false : picomatch(globs, { dot: true });
  return (path) => tidy.some((word) => path === word || path.startsWith(`${word}/`)) || isGlob(path);
}
