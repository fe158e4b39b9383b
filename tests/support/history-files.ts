import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileStep, Pick, Place } from './history-steps.ts';
import { seededBytes } from './seeded-bytes.ts';

/** Few, so that names are taken again by other files, folders and links. */
const names = ['one', 'two', 'odd\nname', '名 [x]', 'a', 'a/one', 'a/two', 'a/deep/one', 'b/one', 'b/two', 'b/a'];
const largeBytes = 1 << 20;

/** Does the steps that are about plain files, below one folder. Each answers in words what it did. */
export class HistoryFiles {
  private readonly folder: string;
  private readonly scratch: string;

  /** @param scratch a folder outside of it. */
  constructor(folder: string, scratch: string) {
    this.folder = folder;
    this.scratch = scratch;
    mkdirSync(folder, { recursive: true });
  }

  apply(step: FileStep): string {
    switch (step.do) {
      case 'write': {
        const name = this.clear(step.name);
        writeFileSync(this.at(name), seededBytes(step.seed, step.size, step.filling));
        return `write ${say(name)}: ${step.size} B of ${step.filling}`;
      }
      case 'link': {
        const name = this.clear(step.name);
        const target = pick(names, step.target);
        symlinkSync(target, this.at(name));
        return `link ${say(name)} to ${say(target)}`;
      }
      case 'to-file':
      case 'rename-folder':
        return this.applyToFolder(step);
      default: {
        const name = this.pickFile(step.file);
        return name === undefined ? `${step.do}: there is no file` : this.applyToFile(step, name);
      }
    }
  }

  private applyToFolder(step: FileStep & { do: 'to-file' | 'rename-folder' }): string {
    const folders = this.list().filter((name) => lstatSync(this.at(name)).isDirectory());
    const name = folders.length === 0 ? undefined : pick(folders, step.folder);
    if (name === undefined) return `${step.do}: there is no folder`;
    if (step.do === 'to-file') {
      rmSync(this.at(name), { recursive: true });
      writeFileSync(this.at(name), seededBytes(step.seed, 5000));
      return `put a file in the place of the folder ${say(name)}`;
    }
    // The folder goes out of the way first: it may be on the way to the new name.
    const aside = join(this.scratch, 'folder');
    renameSync(this.at(name), aside);
    const renamed = this.clear(step.name);
    renameSync(aside, this.at(renamed));
    return `rename the folder ${say(name)} to ${say(renamed)}`;
  }

  private applyToFile(
    step: Exclude<FileStep, { do: 'write' | 'link' | 'to-file' | 'rename-folder' }>,
    name: string,
  ): string {
    const path = this.at(name);
    const size = lstatSync(path).size;
    switch (step.do) {
      case 'append':
        writeAt(path, seededBytes(step.seed, step.length), size);
        return `append ${step.length} B to ${say(name)} of ${size} B`;
      case 'overwrite': {
        const from = placeIn(size, step.from);
        writeAt(path, seededBytes(step.seed, step.length), from);
        return `overwrite ${say(name)} of ${size} B: ${step.length} B at ${from}`;
      }
      case 'scatter':
        for (let at = 7, count = 0; at < size; at += step.every, count += 1)
          writeAt(path, seededBytes(step.seed + count, Math.min(3, size - at)), at);
        return `scatter changes over ${say(name)} of ${size} B: every ${step.every} B`;
      case 'rewrite-unseen': {
        const from = placeIn(Math.max(0, size - 1), step.from);
        const times = join(this.scratch, 'times');
        writeFileSync(times, '');
        execFileSync('touch', ['-r', path, times]);
        writeAt(path, seededBytes(step.seed, Math.min(20, size - from)), from);
        execFileSync('touch', ['-r', times, path]);
        return `rewrite ${say(name)} of ${size} B at ${from}, its size and mtime kept`;
      }
      case 'insert': {
        const from = placeIn(size, step.from);
        const bytes = readFileSync(path);
        const inserted = seededBytes(step.seed, step.length);
        writeFileSync(path, Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from)]));
        return `insert ${step.length} B into ${say(name)} of ${size} B at ${from}`;
      }
      case 'cut-out': {
        const from = placeIn(size, step.from);
        const bytes = readFileSync(path);
        writeFileSync(path, Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + step.length)]));
        return `cut ${step.length} B out of ${say(name)} of ${size} B at ${from}`;
      }
      case 'truncate': {
        const to = placeIn(size, step.to);
        truncateSync(path, to);
        return `truncate ${say(name)} of ${size} B to ${to}`;
      }
      case 'grow':
        truncateSync(path, size + step.by);
        return `grow ${say(name)} of ${size} B by ${step.by} B of nothing`;
      case 'rename':
      case 'copy':
      case 'hard-link':
        return this.giveName(step, name);
      case 'swap': {
        const other = this.pickFile(step.other) ?? name;
        const aside = join(this.scratch, 'swapped');
        renameSync(path, aside);
        if (other !== name) renameSync(this.at(other), path);
        renameSync(aside, this.at(other));
        return `swap ${say(name)} and ${say(other)}`;
      }
      case 'delete':
        rmSync(path);
        return `delete ${say(name)}`;
      case 'chmod':
        chmodSync(path, step.mode);
        return `chmod ${step.mode.toString(8)} ${say(name)}`;
      case 'touch':
        utimesSync(path, step.seconds, step.seconds);
        return `touch ${say(name)}: ${step.seconds}`;
      case 'to-folder':
        rmSync(path);
        mkdirSync(path);
        writeFileSync(join(path, 'inside'), seededBytes(step.seed, 3000));
        return `put a folder in the place of ${say(name)}`;
    }
  }

  private giveName(step: FileStep & { do: 'rename' | 'copy' | 'hard-link' }, name: string): string {
    // The file may be in a folder that has to go for the new name.
    const aside = join(this.scratch, 'named');
    if (step.do === 'rename') renameSync(this.at(name), aside);
    else if (step.do === 'hard-link') linkSync(this.at(name), aside);
    else if (step.times) execFileSync('cp', ['-p', '--', this.at(name), aside]);
    else copyFileSync(this.at(name), aside);
    const given = this.clear(step.name);
    renameSync(aside, this.at(given));
    // A rename onto another link of the same file does nothing.
    rmSync(aside, { force: true });
    return `${step.do} ${say(name)} to ${say(given)}`;
  }

  /** Makes a name free, and all folders on the way to it. */
  private clear(part: number): string {
    const name = pick(names, part);
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      const parent = this.at(name.slice(0, end));
      if (lstatSync(parent, { throwIfNoEntry: false })?.isDirectory() === false) rmSync(parent);
    }
    rmSync(this.at(name), { recursive: true, force: true });
    mkdirSync(dirname(this.at(name)), { recursive: true });
    return name;
  }

  private pickFile(wanted: Pick): string | undefined {
    const files = this.list().filter((name) => lstatSync(this.at(name)).isFile());
    const large = wanted.large ? files.filter((name) => lstatSync(this.at(name)).size >= largeBytes) : [];
    const among = large.length > 0 ? large : files;
    return among.length === 0 ? undefined : pick(among, wanted.part);
  }

  /** Everything there but the databases' folder, which is not its own. */
  private list(): string[] {
    const there = readdirSync(this.folder, { recursive: true, encoding: 'utf8' });
    return there.filter((name) => !/^db(\/|$)/.test(name)).sort();
  }

  private at(name: string): string {
    return join(this.folder, name);
  }
}

export function pick<T>(from: readonly T[], part: number): T {
  return from[Math.floor(part * from.length)]!;
}

const say = (name: string): string => JSON.stringify(name);

/** A number from 0 to the size. */
function placeIn(size: number, { part, border, beside }: Place): number {
  const at = Math.floor(part * (Math.floor(size / border) + 1)) * border + beside;
  return Math.min(size, Math.max(0, at));
}

function writeAt(path: string, bytes: Buffer, at: number): void {
  // Also into files without permission to write.
  const fd = openWritable(path);
  try {
    writeSync(fd, bytes, 0, bytes.length, at);
  } finally {
    closeSync(fd);
  }
}

function openWritable(path: string): number {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
  }
  const reading = openSync(path, 'r');
  const mode = fstatSync(reading).mode & 0o7777;
  closeSync(reading);
  chmodSync(path, mode | 0o200);
  const fd = openSync(path, 'r+');
  chmodSync(path, mode);
  return fd;
}
