import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { Opener } from '../core/sealed-bytes.ts';

const readBytes = 1 << 18;

/** The bytes of a part of a file, decrypted where there is an opener. Both ends are in it, counted in stored bytes. */
export function openRange(file: string, start: number, end: number, opener?: Opener): Readable {
  const source = createReadStream(file, { start, end, highWaterMark: readBytes });
  if (opener === undefined) return source;
  const opened = async function* (): AsyncGenerator<Buffer> {
    let at = start;
    for await (const chunk of source) {
      const stored = chunk as Buffer;
      yield opener.open(stored, at);
      at += stored.length;
    }
  };
  return Readable.from(opened(), { objectMode: false, highWaterMark: readBytes });
}
