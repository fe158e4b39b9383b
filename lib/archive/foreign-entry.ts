import { decodePath } from '../core/path-bytes.ts';

/** One entry of an archive that someone else made. Paths are in the toolkit's string form and may be unsafe. */
export interface ForeignEntry {
  /** `/` between components, without a leading `./`, without a folder's trailing `/`. */
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'special';
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  /** Nanoseconds since 1970. */
  mtimeNs: bigint;
  /** Bytes of content; 0 for everything but files. */
  size: number;
  /** What a link says; for a hard link, the path of the entry that holds its content. */
  linkTarget?: string;
  /** What a special entry is: `FIFO`, `block device`, … */
  specialKind?: string;
}

/** A foreign name's bytes to a path. */
export function foreignPath(bytes: Buffer): string {
  return tidyPath(decodePath(bytes));
}

/**
 * `./a`, `a//b` and `a/./b` are what archivers make of careless arguments, and mean the same as `a` and `a/b`; what
 * could be dangerous (a leading `/`, `..`) stays, to be seen by whoever checks.
 */
export function tidyPath(text: string): string {
  if (!needsTidying.test(text)) return text;
  const tidy = text
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .join('/');
  return text.startsWith('/') ? `/${tidy}` : tidy;
}

const needsTidying = /^\.?\/|^\.$|\/\.?(?:\/|$)/;
