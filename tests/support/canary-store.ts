import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

/** Bytes that the toolkit wrote. */
export interface Written {
  /** A path below the store; of something in a file, with its name behind a colon. */
  where: string;
  bytes: Buffer;
}

/**
 * Everything in a store but the content of the project's own files: that is what a backup without encryption is for. Each file
 * as it is and unpacked; of archives what the toolkit added to them. An encrypted file is given as it is.
 */
export function* writtenInStore(store: string): Generator<Written> {
  if (!existsSync(store)) return;
  const plain = plainPaths(store);
  for (const file of filesBelow(store)) {
    const where = relative(store, file);
    yield { where: `${where}: its name`, bytes: Buffer.from(where) };
    if (lstatSync(file).isSymbolicLink()) {
      yield { where: `${where}: what it leads to`, bytes: Buffer.from(readlinkSync(file)) };
    } else if (/^[^/]*\.(?:tar|tar\.(?:gz|bz2|xz|zst)|zip)$/.test(where)) {
      yield* addedInArchive(file, where, plain);
    } else if (!plain.has(where.slice(where.indexOf('/') + 1))) {
      const bytes = readFileSync(file);
      yield { where, bytes };
      if (isGzip(bytes)) yield { where: `${where}: unpacked`, bytes: gunzipSync(bytes) };
    }
  }
}

const isGzip = (bytes: Buffer): boolean => bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;

/** The members that are no files of the project. */
function* addedInArchive(archive: string, where: string, plain: ReadonlySet<string>): Generator<Written> {
  const folder = makeTemporaryFolder('canary-archive');
  try {
    const isZip = archive.endsWith('.zip');
    if (isZip) execFileSync('unzip', ['-q', archive, '-d', folder]);
    else execFileSync('tar', ['-xf', archive, '-C', folder]);
    for (const file of filesBelow(folder)) {
      const name = relative(folder, file);
      yield { where: `${where}: the name of ${name}`, bytes: Buffer.from(name) };
      if (!lstatSync(file).isFile() || plain.has(name)) continue;
      yield { where: `${where}:${name}`, bytes: readFileSync(file) };
    }
  } finally {
    removeTemporaryFolder(folder);
  }
}

/** Paths, in their backups, of the project's files. */
function plainPaths(store: string): Set<string> {
  const paths = new Set<string>();
  for (const name of readdirSync(store)) {
    const manifest = join(store, name, 'manifest.jsonl.gz');
    if (!existsSync(manifest)) continue;
    for (const line of gunzipSync(readFileSync(manifest)).toString().trimEnd().split('\n')) {
      const { path, origin } = JSON.parse(line) as { path?: string; origin?: string };
      if (path !== undefined && origin !== undefined) paths.add(path);
    }
  }
  return paths;
}

/** Files and links, at any depth. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}
