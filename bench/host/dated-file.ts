import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The day before the host's story ends: everything in it is dated before, so that nothing looks freshly changed. */
export const hostEpochSeconds = Date.UTC(2026, 0, 1) / 1000;

/** Counts what was written, and remembers which folders exist. */
export interface HostWriter {
  /** Writes one file below the root, dated `ageMinutes` before the epoch. */
  write(path: string, content: string | Uint8Array, ageMinutes: number): void;
  readonly files: number;
  readonly bytes: number;
}

export function hostWriter(root: string): HostWriter {
  const folders = new Set<string>();
  let files = 0;
  let bytes = 0;
  return {
    write(path, content, ageMinutes) {
      const absolute = join(root, path);
      const folder = dirname(absolute);
      if (!folders.has(folder)) {
        mkdirSync(folder, { recursive: true });
        folders.add(folder);
      }
      writeFileSync(absolute, content);
      dateFile(absolute, ageMinutes);
      files += 1;
      bytes += typeof content === 'string' ? Buffer.byteLength(content) : content.length;
    },
    get files() {
      return files;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** Sets a file's times, which would otherwise be the only thing that differs between two hosts. */
export function dateFile(absolute: string, ageMinutes: number): void {
  const seconds = hostEpochSeconds - ageMinutes * 60;
  utimesSync(absolute, seconds, seconds);
}
