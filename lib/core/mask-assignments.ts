import { endsInSecretWord, isInnocentValue, secretNameWords } from './mask-assigned-names.ts';
import type { ShapeScan, Span } from './mask-shape-pattern.ts';

/**
 * Secrets after a name that says so, in command lines, JSON, YAML, headers, connection strings and prose: `name=value`,
 * `"name": "value"`, `--name value`, `name value`. One pass over the names, each value read once: the time is linear.
 */
export const assignmentShape: ShapeScan = { shape: 'assignment', scan: assignedSpans };

/** A name, what closes it (a quote, the end of an index), and what stands before its value: a sign, or only a gap. */
const nameAndSign = new RegExp(
  String.raw`(?<![\p{L}\p{N}_.-])(?<name>(?:(?:api|access|account|private|secret|signing|shared|encryption|master) (?=keys?\b))?[\p{L}\p{N}_.-]+)` +
    String.raw`(?:(?:%(?:22|27|5D)|["'\x60%\]\\]){0,6}\s{0,20}(?<sign>=>|:=|={1,3}|:(?![:\/]\/?)|[：＝]|%3[AD])\s{0,200}|(?<gap>["']\s{0,5},\s{0,5}(?=["'])|[ \t]{1,5}(?:(?:is|was)[ \t])?))`,
  'giu',
);

/** Commands and directives behind which a name and a space are an assignment. */
const setter =
  /(?:\bsetx|\bsetenv|\bENV|\bset\s+-\w+|\b(?:config|configure)\s+set|\bgit\s+config(?:\s+--\w+)?|\blogin\s+\S{1,80})\s+["']?$/;
const directive = /^(?:requirepass|masterauth|masterpass|auth-pass|auth_pass)$/i;

/** In prose a word that follows is a secret only when no sentence goes on like that. */
const proseSecret = /^(?=\S*\d)\S{4,}$|^(?=\S*[A-Za-z])(?=\S*[!$%^*#@&]\w)\S{6,}$/;
/** `PASS tests/a1.test.ts`, `auth 401`. */
const proseInnocent = /^(?:pass|auth|pw)$/i;

/** `secrets.json: not found`, `token.ts:12:5`. */
const fileName =
  /\.(?:jsonc?|ya?ml|toml|ini|conf|cfg|properties|env|txt|log|md|db|sqlite3?|[cm]?[jt]sx?|py|rb|go|rs|java|php|sh|xml|html|csv|gz|zip|tar|pem|crt|enc|bak|lock|sock|tmp)$/i;

/** In characters. */
const longestGroup = 2000;
const deepestGroup = 16;

function* assignedSpans(text: string): Iterable<Span> {
  let done = 0;
  for (const match of text.matchAll(nameAndSign)) {
    if (match.index < done) continue;
    const { name = '', sign } = match.groups ?? {};
    const from = match.index + match[0].length;
    const span =
      sign === undefined
        ? followingSpan(text, match.index, name, from)
        : signedSpan(text, match.index, name, sign, from);
    if (span === undefined) continue;
    yield span;
    done = span[1];
  }
}

/** The value after `=`, `:` and the like. */
function signedSpan(text: string, at: number, written: string, sign: string, from: number): Span | undefined {
  const before = text.charAt(at - 1);
  // The `n` of a line's end that is written out: `…\npassword: x`.
  const name = before === '\\' && /^[nrt]/.test(written) ? written.slice(1) : written;
  if (sign === ':' && (fileName.test(name) || isPathEnd(text, at))) return undefined;
  const words = secretNameWords(name);
  if (words === undefined) return undefined;
  // In a connection string the value goes on to the next semicolon.
  const isLong = before === ';' && sign.startsWith('=') && !/["'[{]/.test(text.charAt(from));
  const span = isLong ? readTo(text, from, /[^;"'\n]+/y) : valueSpan(text, from);
  return span !== undefined && !isInnocentValue(words, text.slice(...span)) ? span : undefined;
}

/** The value after a gap: always one behind an option or in an assignment, otherwise when it does not look like prose. */
function followingSpan(text: string, at: number, name: string, from: number): Span | undefined {
  const isOption = /^-{1,2}[a-z]/i.test(name);
  const isDirective = directive.test(name);
  if (!isDirective && !endsInSecretWord(name)) return undefined;
  if (/^["']?(?:-|[=:,;|&()}\]]|$)/.test(text.slice(from, from + 2))) return undefined;
  const span = valueSpan(text, from);
  if (span === undefined) return undefined;
  const value = text.slice(...span);
  if (/^-+pass$/i.test(name) && /^\d$/.test(value)) return undefined;
  if (isDirective) return span;
  const isSet = isOption || setter.test(text.slice(Math.max(0, at - 100), at));
  if (!isSet && (proseInnocent.test(name) || !proseSecret.test(value.slice(0, 300)))) return undefined;
  return isInnocentValue(secretNameWords(name) ?? [], value) ? undefined : span;
}

/** `/etc/ssl/private.key: denied` names a file; ` /password:x` is an option. */
function isPathEnd(text: string, at: number): boolean {
  return text.charAt(at - 1) === '/' && /[^\s"'(]/.test(text.charAt(at - 2));
}

/** The value that begins at `from`: what is quoted, a whole list or object, or what reaches to the next white space. */
function valueSpan(text: string, from: number): Span | undefined {
  const quote = matchAt(/\\{0,3}["'\x60]/y, text, from);
  if (quote !== undefined) return quotedSpan(text, from + quote.length, quote);
  const opened = text.charAt(from);
  if ((opened === '{' || opened === '[') && !text.startsWith('[masked:', from)) {
    const to = groupEnd(text, from);
    if (to !== undefined) return to === from + 2 ? undefined : [from, to];
  }
  return readTo(text, from, /[^\s;&"'\x60]+/y);
}

/** Behind the bracket that closes the one at `from`, when it is near. */
function groupEnd(text: string, from: number): number | undefined {
  let depth = 0;
  for (const bracket of text.slice(from, from + longestGroup).matchAll(/[{}[\]]/g)) {
    depth += bracket[0] === '{' || bracket[0] === '[' ? 1 : -1;
    if (depth === 0) return from + bracket.index + 1;
    if (depth > deepestGroup) return undefined;
  }
  return undefined;
}

function quotedSpan(text: string, from: number, quote: string): Span | undefined {
  let close = text.indexOf(quote, from);
  // An escaped quote is part of the value.
  while (close !== -1 && quote.length === 1 && isEscaped(text, from, close)) close = text.indexOf(quote, close + 1);
  if (close === -1) return readTo(text, from, /\S+/y);
  return close === from ? undefined : [from, close];
}

function isEscaped(text: string, from: number, at: number): boolean {
  let slashes = 0;
  while (at - slashes > from && text.charAt(at - slashes - 1) === '\\') slashes += 1;
  return slashes % 2 === 1;
}

/** What the pattern matches at `from`, without the brackets and commas that close what it stands in. */
function readTo(text: string, from: number, pattern: RegExp): Span | undefined {
  let to = from + (matchAt(pattern, text, from)?.length ?? 0);
  while (to > from && ',)}]'.includes(text.charAt(to - 1))) to -= 1;
  return to === from ? undefined : [from, to];
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
