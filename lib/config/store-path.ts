import { resolve } from 'node:path';

/** What the meaning of a path depends on. */
export interface Surroundings {
  /** The project root, absolute. */
  root: string;
  /** The home folder, when the environment names one. */
  home?: string | undefined;
}

/** A store's folder as it is given, made absolute. Undefined when it begins with `~` and there is no home for it. */
export function absoluteStore(path: string, { root, home }: Surroundings): string | undefined {
  if (!path.startsWith('~')) return resolve(root, path);
  if (home === undefined || home === '' || !/^~(\/|$)/.test(path)) return undefined;
  return resolve(home, path.slice(2));
}
