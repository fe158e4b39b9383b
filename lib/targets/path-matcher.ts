import ignore, { type Ignore } from 'ignore';

/** Tells whether a path below the project root is excluded. The parents of a path have been asked before. */
export type PathMatcher = (path: string, isFolder: boolean) => boolean;

// `ignore` remembers every path that it was asked; with a million files that would be a leak.
const pathsAMatcher = 4096;

/** A matcher for gitignore-like patterns, relative to the project root. */
export function excludeMatcher(patterns: readonly string[]): PathMatcher {
  const wanted = patterns.filter((pattern) => pattern.trim() !== '' && !pattern.startsWith('#'));
  if (wanted.length === 0) return () => false;
  return simpleMatcher(wanted) ?? gitignoreMatcher(wanted);
}

/** The same for a file that was found on its own: no walk has asked for the folders that it is in. */
export function isExcludedWithParents(path: string, isExcluded: PathMatcher): boolean {
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    if (isExcluded(path.slice(0, slash), true)) return true;
  }
  return isExcluded(path, false);
}

/** Plain names (`.git`) and endings (`*.tmp`) need no pattern engine: they hold for a name in any folder. */
function simpleMatcher(patterns: readonly string[]): PathMatcher | undefined {
  const names = new Set<string>();
  const endings: string[] = [];
  for (const pattern of patterns) {
    if (/^[^*?[\]!\\/#\s]+$/.test(pattern)) names.add(pattern);
    else if (/^\*[^*?[\]!\\/\s]+$/.test(pattern)) endings.push(pattern.slice(1));
    else return undefined;
  }
  return (path) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return names.has(name) || endings.some((ending) => name.endsWith(ending));
  };
}

function gitignoreMatcher(patterns: readonly string[]): PathMatcher {
  let matcher: Ignore | undefined;
  let asked = 0;
  return (path, isFolder) => {
    if (matcher === undefined || asked >= pathsAMatcher) {
      matcher = ignore({ ignorecase: false, allowRelativePaths: true }).add([...patterns]);
      asked = 0;
    }
    asked += 1;
    return matcher.ignores(isFolder ? `${path}/` : path);
  };
}
