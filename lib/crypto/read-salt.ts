import { closeSync, constants, openSync, readSync } from 'node:fs';
import { headBytes, saltOf } from './salted-layout.ts';

/** The salt that a file begins with; undefined where it is not encrypted. @throws the system's error where it cannot be read */
export function readSalt(file: string): Buffer | undefined {
  // Of a FIFO there is nothing to read, and nobody waits for it.
  const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const head = Buffer.alloc(headBytes);
    return readSync(fd, head) === headBytes ? saltOf(head) : undefined;
  } finally {
    closeSync(fd);
  }
}
