import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

const readBytes = 1 << 20;

/**
 * Size and SHA-256 (hex) of a file, read front to back in flat memory. What is no file (a FIFO, on which a reader waits for ever)
 * counts as an empty one.
 * @throws the system's error where it cannot be read
 */
export function hashFile(file: string): { size: number; sha256: string } {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const digest = createHash('sha256');
    const stat = fstatSync(fd);
    const isEmpty = !stat.isFile() && !stat.isDirectory();
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(readBytes, stat.size)));
    let size = 0;
    for (;;) {
      const got = isEmpty ? 0 : readSync(fd, buffer, 0, buffer.length, size);
      if (got === 0) return { size, sha256: digest.digest('hex') };
      digest.update(buffer.subarray(0, got));
      size += got;
    }
  } finally {
    closeSync(fd);
  }
}
