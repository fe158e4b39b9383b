import { unsafeReasonHere } from '../core/safe-path.ts';
import type { EnvFile } from '../core/env-file.ts';

/**
 * Several `.env` files as one text that a person can read: a first line, then for each file a line that names it and says how
 * many bytes follow, and these bytes. Where they do not end with a line feed, one comes behind them.
 */

const firstLine = (salt: Buffer): string => `# ai-backup: .env files, form 1, salt ${salt.toString('hex')}\n`;
const firstLineShape = /^# ai-backup: \.env files, form (\d+), salt ([0-9a-f]{16})$/;
/** The counts stand last, so that a path may hold anything but what a line cannot. */
const headShape = /^# ai-backup: (.+), mode ([0-7]{4}), owner (\d+):(\d+), (\d+) bytes$/;

const lineFeed = 0x0a;

/** A line of a file's name and numbers is never longer. */
const mostLineBytes = 1 << 16;

/** @param salt of the keys that are no file's: a reader needs it to prove the text. */
export function composeEnvText(files: readonly EnvFile[], salt: Buffer): Buffer {
  const parts = files.flatMap(({ origin, mode, uid, gid, bytes }) => {
    const permissions = (mode & 0o7777).toString(8).padStart(4, '0');
    const head = `# ai-backup: ${writtenPath(origin)}, mode ${permissions}, owner ${uid}:${gid}, ${bytes.length} bytes\n`;
    const lacksEnd = bytes.length > 0 && bytes.at(-1) !== lineFeed;
    return [Buffer.from(head), bytes, Buffer.from(lacksEnd ? '\n' : '')];
  });
  return Buffer.concat([Buffer.from(firstLine(salt)), ...parts]);
}

/** The salt that a text names; undefined for what is no such text: it was opened with another key. */
export function saltOfEnvText(text: Buffer): { form: number; salt: Buffer } | undefined {
  const [, form, salt] = firstLineShape.exec(lineAt(text, 0)) ?? [];
  return salt === undefined ? undefined : { form: Number(form), salt: Buffer.from(salt, 'hex') };
}

/** The files of a text of form 1; undefined where it is not what `composeEnvText` makes. */
export function parseEnvText(text: Buffer): EnvFile[] | undefined {
  const files: EnvFile[] = [];
  let at = lineAt(text, 0).length + 1;
  while (at < text.length) {
    const line = lineAt(text, at);
    const [, path = '', mode = '', uid, gid, count] = headShape.exec(line) ?? [];
    const origin = readPath(path);
    if (origin === undefined || unsafeReasonHere(origin) !== undefined) return undefined;
    at += Buffer.byteLength(line) + 1;
    const size = Number(count);
    if (size > text.length - at) return undefined;
    const bytes = Buffer.from(text.subarray(at, at + size));
    at += size;
    if (size > 0 && bytes.at(-1) !== lineFeed && text[at++] !== lineFeed) return undefined;
    files.push({ origin, mode: Number.parseInt(mode, 8), uid: Number(uid), gid: Number(gid), bytes });
  }
  return at === text.length ? files : undefined;
}

/** Up to the next line feed; '' where none comes soon. */
function lineAt(text: Buffer, at: number): string {
  const end = text.subarray(at, at + mostLineBytes).indexOf(lineFeed);
  return end === -1 ? '' : text.toString('utf8', at, at + end);
}

/** A path as it stands, where a line can hold it; else as a JSON string, which holds what is not UTF-8, too. */
function writtenPath(path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return /^"|[\u0000-\u001f\u007f\ud800-\udfff]/u.test(path) ? JSON.stringify(path) : path;
}

function readPath(written: string): string | undefined {
  if (!written.startsWith('"')) return written;
  try {
    const path: unknown = JSON.parse(written);
    return typeof path === 'string' ? path : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
