/**
 * Does a string look drawn by lot? Words, paths, versions, dates and lists do not: most pairs of neighbouring letters in
 * them are frequent ones, of any language written in Latin letters. In random base64 or hex such pairs are one in five.
 */

const minimumLength = 16;
/** At least this share of a word's pairs is frequent; measured on 4,000 long identifiers: 99.7 % of them are above it. */
const wordShare = 0.55;

/** Second letters that often follow a first one, from English prose, identifiers of programs and romanised Japanese. */
const frequentPairs: Readonly<Record<string, string>> = {
  a: 'bcdgiklmnprsty',
  b: 'aeilu',
  c: 'aehiklortu',
  d: 'aeios',
  e: 'acdefglmnprstvx',
  f: 'aefio',
  g: 'ei',
  h: 'aeiou',
  i: 'abcdefglmnoprstv',
  k: 'aeiu',
  l: 'aeilotuy',
  m: 'aeiop',
  n: 'acdefgikost',
  o: 'bcdklmnoprstuvw',
  p: 'aeiloprt',
  q: 'u',
  r: 'aceimnorstuy',
  s: 'acehiopstuy',
  t: 'acehiorsty',
  u: 'eilmnrstu',
  v: 'aei',
  w: 'ai',
  y: 'nop',
  z: 'e',
};

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const namedDigest = /\b(?:sha(?:1|224|256|384|512)|md5|blake3)[:=-][A-Za-z0-9+/=]+/gi;
/** Dates, also in a backup's ID, where `:` and `.` are `-`. */
const date = /\b(?:19|20)\d\d-\d\d-\d\d(?:[T_ -]\d\d[-:]?\d\d[-:]?\d\d(?:[-.]\d{1,9})?Z?)?(?:-[0-9a-f]{6}\b)?/g;
const compactDate = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d/;
const mailAddress = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/;
/** Folders may have random names (`/tmp/build-x7Kq…`). Base64 that begins with a slash does not go on with a word. */
const plainPath = /^(?:~[\w.-]*|\.{1,2}|[A-Za-z]:)[\\/]|^\/\.?(?:[a-z][a-z_.-]*|[A-Z][a-z]+)(?:\/|$)/;

/** True for a path whose first folder has a word for a name. It must say so itself: `.`, `~`, a drive, a slash and a word. */
export function isPlainPath(value: string): boolean {
  return plainPath.test(value) && !/[\s=]/.test(value);
}

/** True when the value, or a part of it between separators, looks random and is at least 16 characters long. */
export function looksRandom(value: string): boolean {
  const text = value.replace(namedDigest, ' ').replace(date, ' ');
  if (isMixedPassword(text)) return true;
  for (const part of text.split(/[\s,;:"'()<>{}[\]|]+/)) {
    if (part.length < minimumLength) continue;
    if (plainPath.test(part)) continue;
    if (/^[\w+/-]+={0,2}$/.test(part) && isRandomRun(part)) return true;
    if (part.split(/[/\\.=@&?#%!$*]+/).some(isRandomRun)) return true;
  }
  return false;
}

function isRandomRun(run: string): boolean {
  if (run.length < minimumLength) return false;
  if (uuid.test(run)) return true;
  const separators = run.replace(/[^-_/]/g, '').length;
  if (separators > run.length / 8) return run.split(/[-_/]+/).some(isRandomRun);
  if (bitsPerCharacter(run) < 2) return false;
  if (/^\d+$/.test(run)) return !compactDate.test(run);
  if (/^[0-9a-f]+$/i.test(run)) return true;
  return frequentShare(run.toLowerCase()) < wordShare || averagePieceLength(run) < 2.5;
}

/** The share of frequent pairs among neighbours of which one at least is a letter; 1 where there are none. */
function frequentShare(run: string): number {
  let pairs = 0;
  let frequent = 0;
  for (let at = 1; at < run.length; at += 1) {
    const first = run.charAt(at - 1);
    const second = run.charAt(at);
    if (!/[a-z\d]/.test(first) || !/[a-z\d]/.test(second) || (/\d/.test(first) && /\d/.test(second))) continue;
    pairs += 1;
    if (frequentPairs[first]?.includes(second) === true) frequent += 1;
  }
  return pairs === 0 ? 1 : frequent / pairs;
}

/** How long the runs of one kind are: capitalised or lower-case words, capitals, digits. */
function averagePieceLength(run: string): number {
  const pieces = run.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[A-Z]|\d+/g);
  return pieces === null ? run.length : pieces.join('').length / pieces.length;
}

/** Twelve characters or more without a space, with all four kinds of character in it, as password makers give them. */
function isMixedPassword(value: string): boolean {
  if (value.length < 12 || /[\s/\\,;:]/.test(value) || mailAddress.test(value)) return false;
  return /[!$%^&*#?~@]/.test(value) && /[a-z]/.test(value) && /[A-Z]/.test(value) && /\d/.test(value);
}

/** Shannon's entropy of the string's own characters. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
