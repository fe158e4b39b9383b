import { parse } from 'dotenv';
import { decodePath, pathToBytes } from '../core/path-bytes.ts';

/** An assignment of a `.env` file: places in its text. */
interface Assignment {
  name: string;
  /** Up to its name: `export A`. */
  head: string;
  /** The value as it is written, quotes and all, without the spaces around it. */
  value: string;
  /** The place of the value; of an empty one, that of its sign, for a colon alone is none. */
  place: { from: number; to: number };
}

/** As dotenv reads lines (its `lib/main.js`), so that what it takes for a value is what is replaced. */
const assignmentShape =
  /^\s*((?:export\s+)?([\w.-]+))((?:\s*=\s*?|:\s+?))(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$/dgm;

/**
 * The current `.env` file with the values of a backup's: each stands in its place, and all else is as it was: comments, order,
 * and variables that only the current file has. What only the backup has comes last. A value that is the same already stays as
 * it is written.
 *
 * Bytes that are no text (with a NUL in them) cannot be merged: the backup's take their place.
 * @param keeps names whose current values stay.
 */
export function mergeEnvFiles(current: Buffer, backup: Buffer, keeps: readonly string[] = []): Buffer {
  if (current.includes(0) || backup.includes(0)) return backup;
  // As with paths, bytes that are not UTF-8 come through.
  const [now, then] = [decodePath(current), decodePath(backup)];
  if (now.trim() === '') return backup;
  const [nowValues, thenValues] = [valuesOf(now), valuesOf(then)];
  const ofBackup = new Map(assignmentsOf(then).map((one) => [one.name, one]));
  const isSettled = (name: string): boolean =>
    !ofBackup.has(name) ||
    (nowValues.has(name) && (keeps.includes(name) || nowValues.get(name) === thenValues.get(name)));
  let merged = '';
  let done = 0;
  for (const { name, value, place } of assignmentsOf(now)) {
    if (isSettled(name)) continue;
    merged += `${now.slice(done, place.from)}${value === '' ? '=' : ''}${ofBackup.get(name)?.value ?? ''}`;
    done = place.to;
  }
  merged += now.slice(done);
  const lineEnd = /\r?\n/.exec(now)?.[0] ?? '\n';
  for (const [name, { head, value }] of ofBackup) {
    if (nowValues.has(name)) continue;
    if (!/\n$/.test(merged)) merged += lineEnd;
    merged += `${head}=${value}${lineEnd}`;
  }
  return pathToBytes(merged);
}

const valuesOf = (text: string): Map<string, string> => new Map(Object.entries(parse(text)));

function assignmentsOf(text: string): Assignment[] {
  return [...text.matchAll(assignmentShape)].map(
    ({ indices, 1: head = '', 2: name = '', 3: sign = '', 4: written = '' }) => {
      const value = written.trim();
      const [from, length] =
        value === ''
          ? [indices?.[3]?.[0] ?? 0, sign.trimEnd().length]
          : [(indices?.[4]?.[0] ?? 0) + written.indexOf(value), value.length];
      return { name, head, value, place: { from, to: from + length } };
    },
  );
}
