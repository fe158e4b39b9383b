import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { seededRandom } from './host/seeded-random.ts';

export const manyFiles = 1_000_000;

const filesPerFolder = 100;
const foldersPerFolder = 100;
const mostBytes = 240;

/**
 * Builds a project of `count` small files (16 to 240 bytes) in nested folders, for measuring whether memory grows with the number of
 * files. On tmpfs, a million of them take about 4 GiB and a million inodes. Returns the bytes written to them.
 */
export function buildManyFiles(root: string, count: number = manyFiles): number {
  const random = seededRandom(1, 'many files');
  const settings = { backup: { targets: { config: true, many: { paths: ['many/'] } } } };
  mkdirSync(join(root, 'config'), { recursive: true });
  writeFileSync(join(root, 'config/config.json'), `${JSON.stringify(settings, null, 2)}\n`);
  let bytes = 0;
  for (let index = 0; index < count; index += 1) {
    const path = join(root, manyFilePath(index));
    if (index % filesPerFolder === 0) mkdirSync(dirname(path), { recursive: true });
    const content = `${index} ${random.hex(random.between(8, mostBytes - 8))}\n`;
    writeFileSync(path, content);
    bytes += content.length;
  }
  return bytes;
}

/** Where the file of this number is, below the project root. */
export function manyFilePath(index: number): string {
  const folder = Math.floor(index / filesPerFolder);
  const upper = Math.floor(folder / foldersPerFolder);
  return `many/${pad(upper)}/${pad(folder % foldersPerFolder)}/file-${String(index).padStart(7, '0')}.txt`;
}

function pad(number: number): string {
  return String(number).padStart(3, '0');
}
