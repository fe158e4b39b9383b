/** `./kb/` and `kb//` are `kb`; a path that is the root itself is `.`. */
export function plainPath(path: string): string {
  const plain = path
    .replace(/\/{2,}/g, '/')
    .replace(/^(\.\/)+/, '')
    .replace(/\/\.(?=\/|$)/g, '')
    .replace(/(?<=.)\/$/, '');
  return plain === '' ? '.' : plain;
}
