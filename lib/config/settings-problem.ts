import { secretReason } from '../core/mask-secrets.ts';
import type { KeyPath } from './settings-text.ts';

/** One mistake in the settings, before it is a sentence. */
export interface SettingsProblem {
  /** Within the section. */
  path: KeyPath;
  /** What stands there; undefined where nothing does. */
  found: unknown;
  /** Continues "expected". */
  expected?: string;
  /** What is wrong with the key itself, where its value does not matter. */
  keyProblem?: string;
  /** The known key or name that is most like the one found, as a person would write it. */
  nearest?: string;
  /** Values that would do; the nearest is looked for among them. */
  choices?: readonly string[];
  /** Keys that are known there, for a mistake that is like none of them. */
  known?: readonly string[];
  /** Set where the place in the file is not that of the key. */
  line?: number;
}

const widestValue = 80;

/** `backup.storage.path`; the names of flat files stay as they are; list elements are `exclude[0]`. */
export function keyName(path: KeyPath): string {
  let name = '';
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`;
    else if (!/^[\p{L}\p{N}_$-]+$/u.test(part)) name += `[${JSON.stringify(part)}]`;
    else name += name === '' ? part : `.${part}`;
  }
  return name === '' ? '(top level)' : name;
}

/** The sentence of a problem. `path` is the key's place in the file; `variables` are those that its value came from. */
export function problemSentence(
  problem: SettingsProblem,
  path: KeyPath,
  line: number,
  variables: readonly string[],
): string {
  const place = `${keyName(path)} (line ${line})`;
  const found = foundText(problem.found, path, variables);
  const nearest = problem.nearest === undefined ? '' : `; did you mean ${JSON.stringify(problem.nearest)}?`;
  if (problem.keyProblem !== undefined) {
    const known =
      problem.nearest === undefined && problem.known !== undefined
        ? `; expected one of ${problem.known.join(', ')}`
        : '';
    const value = problem.found === undefined ? '' : ` (found ${found})`;
    return stop(`${place}: ${problem.keyProblem}${value}${nearest}${known}`);
  }
  return stop(`${place}: found ${found}, expected ${problem.expected ?? 'something else'}${nearest}`);
}

const stop = (sentence: string): string => (sentence.endsWith('?') ? sentence : `${sentence}.`);

function foundText(value: unknown, path: KeyPath, variables: readonly string[]): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (isSecretSetting(path, text, variables)) return maskedText;
  if (typeof value === 'number') return text;
  return JSON.stringify(text.length > widestValue ? `${text.slice(0, widestValue)}…` : text);
}

/** What stands where a secret was. It is the same for all, so that it tells nothing. */
export const maskedText = '<masked>';

/** True when a value must not be shown: its key, the variable that it came from, or its own form says so. */
export function isSecretSetting(path: KeyPath, value: string, variables: readonly string[]): boolean {
  // A reference is no secret; it is what should stand there.
  if (/^\$\{[^}]*\}$/.test(value) && !value.includes(':-')) return false;
  const names = [path.filter((part) => typeof part === 'string').at(-1) ?? '', ...variables];
  return names.some((name) => secretReason({ name, value }) !== undefined);
}
