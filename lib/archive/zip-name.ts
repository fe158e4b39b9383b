import { hash } from 'node:crypto';
import { decodePath, hasRawBytes, pathToBytes } from '../core/path-bytes.ts';

/** What filesystems allow for one name. */
const longestName = 255;
const hashDigits = 16;

/**
 * The name under which a zip holds a path. A zip's names are Unicode text with `/` between components: bytes that are
 * not UTF-8, backslashes, which every zip program takes for `/`, and control characters, which some take for other
 * characters and some leave out, stand as `%XX`, and in such a component a real `%` as `%25`. A component that only
 * looks like it (`100%25.txt`) is escaped as well, so no two paths get one name. One that would get too long for a
 * filesystem that way ends in a hash instead: its path is in the manifest only.
 */
export function zipNameOf(path: string): string {
  if (!needsEscape.test(path) && !unfit.test(path) && !hasRawBytes(path)) return path;
  const [first = '', ...others] = path.split('/');
  // `C:` and the like at the beginning are drives to zip programs.
  const isDrive = /^\w+:/.test(first);
  return [
    isDrive ? escaped(first).replace(':', '%3A') : escapedWhereNeeded(first),
    ...others.map(escapedWhereNeeded),
  ].join('/');
}

/** The path that `zipNameOf` made this name of. */
export function pathOfZipName(name: string): string {
  if (!escape.test(name)) return name;
  const path = name.split('/').map(unescaped).join('/');
  // A name that was made by someone else stays what it is.
  return zipNameOf(path) === name ? path : name;
}

const escape = /%[0-9A-F]{2}/;
const needsEscape = /%[0-9A-F]{2}|^\w+:/;
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const unfit = /[\\\u0001-\u001f\u007f]/;

const escapedWhereNeeded = (component: string): string =>
  unfit.test(component) || escape.test(component) || hasRawBytes(component) ? escaped(component) : component;

function escaped(component: string): string {
  const characters = [...component].map((character) => {
    if (character !== '%' && !unfit.test(character) && !hasRawBytes(character)) return character;
    return `%${(pathToBytes(character)[0] ?? 0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return fitting(characters, component);
}

function fitting(characters: readonly string[], component: string): string {
  const whole = characters.join('');
  if (Buffer.byteLength(whole) <= longestName) return whole;
  let kept = '';
  for (const character of characters) {
    if (Buffer.byteLength(kept + character) > longestName - hashDigits - 1) break;
    kept += character;
  }
  return `${kept}~${hash('sha256', pathToBytes(component), 'hex').slice(0, hashDigits)}`;
}

function unescaped(component: string): string {
  const parts = component.split(/(%[0-9A-F]{2})/).map((part) => {
    if (!escape.test(part)) return Buffer.from(part);
    const byte = Number.parseInt(part.slice(1), 16);
    // A slash or a NUL is never escaped: whoever wrote it wants a path of another shape.
    return byte >= 0x80 || /[%:]/.test(String.fromCharCode(byte)) || unfit.test(String.fromCharCode(byte))
      ? Buffer.from([byte])
      : Buffer.from(part);
  });
  return decodePath(Buffer.concat(parts));
}
