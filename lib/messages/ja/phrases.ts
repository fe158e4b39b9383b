/**
 * The phrases inside errors and findings: why something failed, what was being done, what was expected. They come from
 * where the failure is noticed, in English, and are looked up here. A phrase that is not here (SQLite's or a system's
 * own words) stays as it is.
 */
export type PhraseRule = readonly [pattern: RegExp, say: string | ((...parts: string[]) => string)];

/** Says a phrase by the first rule that fits all of it. */
export function sayPhrase(text: string, rules: readonly PhraseRule[]): string | undefined {
  for (const [pattern, say] of rules) {
    const match = pattern.exec(text);
    if (match === null) continue;
    return typeof say === 'string' ? say : say(...match.slice(1));
  }
  return undefined;
}

/** The rule for a phrase that has nothing variable in it. */
export function fixedPhrases(phrases: Readonly<Record<string, string>>): PhraseRule[] {
  return Object.entries(phrases).map(([english, japanese]) => [
    new RegExp(`^${english.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`),
    japanese,
  ]);
}
