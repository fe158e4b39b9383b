import picomatch from 'picomatch';

/** Which `.env` files a restore was asked for. */
export interface EnvironmentWish {
  wants: (origin: string) => boolean;
  /** True where nothing less will do: without a key, nothing is restored. */
  isFirm: boolean;
}

/**
 * Real secrets come back on request only: where a word of `--include` names them (`.env`, `apps/api/.env`), or a glob of it fits;
 * or where the target that keeps them is among `--targets`. That a folder is asked for is no such request: what is secret in it
 * may have been changed for good reasons.
 * @param target the one that keeps them.
 */
export function environmentWish(
  target: string,
  request: { targets?: readonly string[]; include?: readonly string[] },
): EnvironmentWish | undefined {
  if (request.targets?.includes(target) === false) return undefined;
  if (request.include === undefined) {
    return request.targets === undefined ? undefined : { wants: () => true, isFirm: true };
  }
  const words = request.include.map((word) => word.replace(/^(\.\/)+/, ''));
  const globs = words.filter((word) => picomatch.scan(word).isGlob || word.includes('\\'));
  const isNamed = words.some((word) => word.slice(word.lastIndexOf('/') + 1).startsWith('.env'));
  if (globs.length === 0 && !isNamed) return undefined;
  const fits = globs.length === 0 ? () => false : picomatch(globs, { dot: true });
  return { wants: (origin) => words.includes(origin) || fits(origin), isFirm: isNamed };
}
