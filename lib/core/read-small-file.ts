import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** A file is larger than it may be, or no file at all. */
export class UnfitFile extends Error {
  override readonly name = 'UnfitFile';
}

/**
 * Reads a file whole that may come from anybody: its size is looked at before memory is taken for it, and what is no file
 * (a FIFO, say, on which a reader waits for ever) is not read.
 * @throws UnfitFile; the system's errors.
 */
export function readSmallFile(path: string, mostBytes: number): Buffer {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd);
    if (stat.isDirectory()) throw Object.assign(new Error(`EISDIR: ${path} is a folder`), { code: 'EISDIR' });
    if (!stat.isFile()) throw new UnfitFile('it is no file');
    if (stat.size > mostBytes)
      throw new UnfitFile(`${stat.size} bytes are more than the ${mostBytes} that it may have`);
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    let got = 0;
    while (got < bytes.length) {
      const read = readSync(fd, bytes, got, bytes.length - got, got);
      if (read === 0) break;
      got += read;
    }
    return bytes.subarray(0, got);
  } finally {
    closeSync(fd);
  }
}
