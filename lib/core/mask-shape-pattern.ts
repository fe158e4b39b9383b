export type SecretShape = 'pem' | 'url' | 'assignment' | 'token';

/**
 * A group `secret` (`secret2`, …) is what is masked in free text; without one, the whole match is. Every pattern has the
 * flags `g` and `d`, and no unbounded repetition that can begin at every character of a long run.
 */
export interface ShapePattern {
  shape: SecretShape;
  pattern: RegExp;
}

/** Where a secret stands in its text: from, to. */
export type Span = [from: number, to: number];

/** A shape that no pattern alone can tell: the spans of all its secrets, in their order, none within another. */
export interface ShapeScan {
  shape: SecretShape;
  scan: (text: string) => Iterable<Span>;
}

const groupNames = ['secret', 'secret2', 'secret3', 'secret4'] as const;

/** The spans of all secrets of one shape. */
export function* secretSpans(shape: ShapePattern | ShapeScan, text: string): Iterable<Span> {
  if ('scan' in shape) yield* shape.scan(text);
  else for (const match of text.matchAll(shape.pattern)) yield spanOf(match);
}

function spanOf(match: RegExpMatchArray): Span {
  const groups = match.indices?.groups;
  for (const name of groupNames) {
    const span = groups?.[name];
    if (span !== undefined) return span;
  }
  const start = match.index ?? 0;
  return [start, start + match[0].length];
}
