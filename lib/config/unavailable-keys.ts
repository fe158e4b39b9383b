import type { KeyPath } from './settings-text.ts';

const remote = 'copies off this machine are not available in this version';

/** Keys that guides speak of and this version does not have: each with what is said of it instead of "no such key". */
const sentences: readonly { pattern: RegExp; sentence: string }[] = [
  {
    pattern: /^retention\.perTarget$/,
    sentence: 'retention by target is not available in this version; all targets of a backup are kept alike',
  },
  {
    pattern: /^schedule\.[^.]+\.retention$/,
    sentence: 'retention by schedule is not available in this version; backup.retention holds for all',
  },
  { pattern: /^storage\.(bucket|region|endpoint|container|accessKeyId|secretAccessKey)$/, sentence: remote },
  { pattern: /^(cloud|remotes?)$/, sentence: remote },
  { pattern: /^(notifications?|alerts?|monitor(ing)?)$/, sentence: 'notifications are not available in this version' },
];

/** What is said of a key that this version does not have yet, or undefined for a key that nobody speaks of. */
export function unavailableKey(path: KeyPath): string | undefined {
  const name = path.join('.');
  return sentences.find(({ pattern }) => pattern.test(name))?.sentence;
}
