import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { removeTree } from '../../lib/core/remove-tree.ts';
import type { FuzzCase } from './fuzz-case.ts';

/**
 * Where a case is run: its files, a place to write to, and all around them a tree that nobody may touch. What is not below
 * `case`, `destination` and `temporary` is compared afterwards, to the byte, the inode and the nanosecond.
 */
export class FuzzRoom {
  readonly folder: string;
  /** The case's files; a project with its store, for those that are one. */
  readonly case: string;
  /** Where a restore may write. */
  readonly destination: string;
  /** What TMPDIR is. */
  readonly temporary: string;
  private before = '';

  /** @param folder that exists and is empty. */
  constructor(folder: string) {
    this.folder = folder;
    this.case = join(folder, 'around', 'case');
    this.destination = join(folder, 'around', 'destination');
    this.temporary = join(folder, 'around', 'temporary');
    for (const outside of ['outside', 'around/outside', 'around/beside']) this.makeCanaries(join(folder, outside));
    writeFileSync(join(folder, 'around', 'planted.txt'), 'not by you');
    symlinkSync('../outside', join(folder, 'around', 'door'));
  }

  /** Empties it, and puts the case's files into it. */
  begin({ files }: FuzzCase): void {
    for (const place of [this.case, this.destination, this.temporary]) {
      removeTree(place);
      mkdirSync(place);
    }
    for (const [path, bytes] of Object.entries(files)) {
      const file = join(this.case, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    this.before = this.lookAround();
  }

  /** What of the surroundings is not as it was; undefined where all is. */
  touched(): string | undefined {
    const after = this.lookAround();
    if (after === this.before) return undefined;
    const known = new Set(this.before.split('\n'));
    return after.split('\n').find((line) => !known.has(line)) ?? 'something is gone';
  }

  private makeCanaries(folder: string): void {
    mkdirSync(join(folder, 'state'), { recursive: true });
    for (const name of ['planted', 'theirs.txt', 'state/app.json']) {
      writeFileSync(join(folder, name), `untouched ${name}`);
      utimesSync(join(folder, name), 1_700_000_000, 1_700_000_000);
    }
  }

  private lookAround(): string {
    const lines: string[] = [];
    const own = new Set([this.case, this.destination, this.temporary]);
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder).sort()) {
        const path = join(folder, name);
        if (own.has(path)) continue;
        const stat = lstatSync(path, { bigint: true });
        const isFolder = stat.isDirectory();
        // The time of a folder that holds one of the three changes with them.
        const time = isFolder && [...own].some((one) => dirname(one) === path) ? '' : stat.mtimeNs;
        const what = isFolder ? '' : stat.isSymbolicLink() ? readlinkSync(path) : hashOf(path);
        lines.push(`${path} ${stat.mode} ${stat.ino} ${time} ${isFolder ? '' : stat.size} ${what}`);
        if (isFolder) walk(path);
      }
    };
    walk(this.folder);
    return lines.join('\n');
  }
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
