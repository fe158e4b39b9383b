import { maskedLabel, secretReason } from './mask-secrets.ts';

/** Takes known secrets out of a text. */
export type HideKnown = (text: string) => string;

/** Shorter ones stand in too many other words. In characters. */
const leastLength = 6;
/** In characters: what is longer is looked for by its beginning. A message quotes a part of a long value at most. */
const mostLength = 4096;

/**
 * A text's secrets as far as they are known by heart: the values of variables that are masked wherever variables are shown. A
 * password of plain words is told from other words in no other way, and an error may quote it: a parser's, a driver's, ours
 * about an option in which it was given by mistake.
 */
export function hideKnown(variables: Readonly<Record<string, string | undefined>>): HideKnown {
  const values = new Set<string>();
  for (const [name, value = ''] of Object.entries(variables)) {
    const text = value.trim();
    if (text.length < leastLength || secretReason({ name, value: text }) === undefined) continue;
    for (const line of [text, ...text.split('\n')]) {
      const part = line.trim().slice(0, mostLength);
      if (part.length >= leastLength) values.add(part).add(JSON.stringify(part).slice(1, -1));
    }
  }
  // The longest first: one may be a part of another.
  const patterns = [...values].sort((a, b) => b.length - a.length).map(patternOf);
  return (text) => {
    let hidden = text;
    for (const { value, pattern } of patterns) {
      if (hidden.includes(value)) hidden = hidden.replace(pattern, maskedLabel(value));
    }
    return hidden;
  };
}

/** A plain word (`postgres`) may be a folder's or a table's name as well: it counts where it stands by itself. */
function patternOf(value: string): { value: string; pattern: RegExp } {
  const exact = value.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  const isWord = value.length < 16 && /^(?:[a-z]+|[A-Z]+|\d+)$/.test(value);
  return { value, pattern: new RegExp(isWord ? `(?<![\\w/.-])${exact}(?![\\w/-]|:/)` : exact, 'g') };
}
