import { nearestName } from '../core/nearest-name.ts';

/**
 * The known key that a mistyped one most likely stands for. `max_backups`, `MaxBackups` and `maxBackups` are one word.
 */
export function nearestKey(word: string, known: readonly string[]): string | undefined {
  const plain = new Map(known.map((one) => [plainForm(one), one]));
  const nearest = nearestName(plainForm(word), [...plain.keys()]);
  return nearest === undefined ? undefined : plain.get(nearest);
}

function plainForm(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}
