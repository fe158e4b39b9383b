import { isUtf8 } from 'node:buffer';

/**
 * File names on Linux are bytes, not text. Inside the toolkit a path is a string in which a byte that is not UTF-8
 * stands as one lone surrogate, U+DC80 to U+DCFF (the `surrogateescape` scheme of Python's PEP 383). Such a string
 * sorts, joins, and goes through JSON (as `\udcXX`) like any other, and turns back into exactly the bytes it came from.
 */

const escapedByte = /[\udc80-\udcff]/;
const loneSurrogate = /[\ud800-\udfff]/u;

/** Bytes of a file name to the toolkit's string form. */
export function decodePath(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = utf8SequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

function utf8SequenceLength(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}

/** True when the path holds a byte that is not UTF-8. */
export function hasRawBytes(path: string): boolean {
  return escapedByte.test(path) && loneSurrogate.test(path);
}

/** The bytes of a path in the toolkit's string form. */
export function pathToBytes(path: string): Buffer {
  if (!hasRawBytes(path)) return Buffer.from(path, 'utf8');
  const parts: Buffer[] = [];
  for (const character of path) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

/** What node:fs takes for this path: the string itself, or its bytes where it is not UTF-8. */
export function toSystemPath(path: string): string | Buffer {
  return hasRawBytes(path) ? pathToBytes(path) : path;
}

/** For people: escaped bytes as `\xNN`, control characters escaped, so that a name can never drive a terminal. */
export function printablePath(path: string): string {
  return path.replace(
    // eslint-disable-next-line no-control-regex -- control characters are what this is about
    /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu,
    (character) => {
      const code = character.codePointAt(0) ?? 0;
      const byte = code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
      return byte <= 0xff ? `\\x${byte.toString(16).padStart(2, '0')}` : `\\u${byte.toString(16)}`;
    },
  );
}

/**
 * The order of a depth-first walk: paths compared component by component, each by UTF-16 code unit, so that a folder
 * comes first, then everything in it, then its next sibling.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    if (x === 0x2f) return -1;
    if (y === 0x2f) return 1;
    return x - y;
  }
  return a.length - b.length;
}
