import { decodePath, pathToBytes } from './path-bytes.ts';

/** Nothing that is refused below gets past this: one look for the million paths that are harmless. */
const mayBeUnsafe = /^$|^[A-Za-z]:|(?:^|\/)\.{0,2}(?:\/|$)|[\0\\\ud800-\udfff]/;

/**
 * Twice the longest path that Linux takes (PATH_MAX, limits.h). Longer ones cannot be written anywhere; but they could keep
 * busy for hours who goes through all the folders above each.
 */
export const longestPath = 8192;

/**
 * Why a path that an archive names may not be written below a destination, or undefined when it may.
 *
 * Checked before anything is written, for every path of an archive that someone else made. Windows' forms are refused
 * everywhere: such an archive is moved between machines.
 */
export function unsafeReason(path: string): string | undefined {
  if (path.length > longestPath) return tooLong;
  if (!mayBeUnsafe.test(path)) return undefined;
  return unsafePosixReason(path) ?? unsafeWindowsReason(path);
}

/**
 * The same for the paths of our own manifests, on the machine that this runs on. What a project holds must come back:
 * on Linux `..\up` is the name of a file like any other, and to refuse it would be to lose the whole backup over it.
 */
export function unsafeReasonHere(path: string, platform: NodeJS.Platform = process.platform): string | undefined {
  if (path.length > longestPath) return tooLong;
  if (!mayBeUnsafe.test(path)) return undefined;
  return platform === 'win32' ? unsafeReason(path) : unsafePosixReason(path);
}

const tooLong = 'a path that is longer than any system takes';

function unsafePosixReason(path: string): string | undefined {
  if (path === '') return 'empty name';
  // Two texts for one name: what is said of the one would not be seen to hold for the other.
  if (/[\ud800-\udfff]/.test(path) && decodePath(pathToBytes(path)) !== path) return 'no text of a file name';
  if (path.includes('\0')) return 'NUL in the name';
  if (path.startsWith('/')) return 'absolute path';
  for (const component of path.split('/')) {
    if (component === '..') return '".." in the path';
    if (component === '' || component === '.') return 'empty component in the path';
  }
  return undefined;
}

function unsafeWindowsReason(path: string): string | undefined {
  if (path.startsWith('\\') || /^[A-Za-z]:[\\/]/.test(path)) return 'absolute Windows path';
  return path.split(/[\\/]/).includes('..') ? '".." in the path' : undefined;
}
