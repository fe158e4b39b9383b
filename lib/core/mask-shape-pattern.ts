export type SecretShape = 'pem' | 'url' | 'assignment' | 'token';

/**
 * A group `secret` (`secret2`, …) is what is masked in free text; without one, the whole match is. Every pattern has the
 * flags `g` and `d`, and no unbounded repetition that can begin at every character of a long run.
 */
export interface ShapePattern {
  shape: SecretShape;
  pattern: RegExp;
}

const groupNames = ['secret', 'secret2', 'secret3', 'secret4'] as const;

/** Where the secret part of a match stands in its text: from, to. */
export function secretSpan(match: RegExpMatchArray): [number, number] {
  const groups = match.indices?.groups;
  for (const name of groupNames) {
    const span = groups?.[name];
    if (span !== undefined) return span;
  }
  const start = match.index ?? 0;
  return [start, start + match[0].length];
}
