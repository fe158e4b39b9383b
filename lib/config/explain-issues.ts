import type * as z from 'zod';
import { knownKeys, ownerOfKey } from './known-keys.ts';
import { nearestKey } from './nearest-key.ts';
import type { SettingsProblem } from './settings-problem.ts';
import type { KeyPath } from './settings-text.ts';
import { defaultTargetNames } from './settings.ts';
import { unavailableKey } from './unavailable-keys.ts';
import { valueAt } from './value-at.ts';

type Issue = z.core.$ZodIssue;

/** What a schema found wrong in a section, in our words. */
export function explainIssues(schema: z.ZodType, section: unknown, issues: readonly Issue[]): SettingsProblem[] {
  return issues.flatMap((issue) => problemsOf(schema, section, issue, []));
}

function problemsOf(schema: z.ZodType, section: unknown, issue: Issue, above: KeyPath): SettingsProblem[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(schema, valueAt(section, [...path, key]), path, key));
  }
  if (issue.code === 'invalid_union') {
    // The alternative that has the value's own kind knows what is wrong inside it; the others only that it is not theirs.
    const inside = issue.errors.find((issues) =>
      issues.every((one) => one.path.length > 0 || one.code === 'unrecognized_keys'),
    );
    if (inside !== undefined && inside.length > 0)
      return inside.flatMap((one) => problemsOf(schema, section, one, path));
  }
  const found = valueAt(section, path);
  const problem = { path, found, expected: issue.message };
  if (issue.code === 'invalid_value') return [{ ...problem, choices: issue.values.map(String) }];
  const nearest = nearestTarget(path, found);
  return [nearest === undefined ? problem : { ...problem, nearest }];
}

/** A switch under a name that is none of the six is most likely one of them, misspelt. */
function nearestTarget(path: KeyPath, found: unknown): string | undefined {
  const [first, name] = path;
  const isSwitch = path.length === 2 && first === 'targets' && typeof found === 'boolean';
  return isSwitch && typeof name === 'string' ? nearestKey(name, defaultTargetNames) : undefined;
}

function unknownKey(schema: z.ZodType, found: unknown, owner: KeyPath, key: string): SettingsProblem {
  const path = [...owner, key];
  const known = knownKeys(schema, owner);
  const unavailable = unavailableKey(path);
  if (unavailable !== undefined) return { path, found, keyProblem: unavailable };
  const nearest = nearestKey(key, known) ?? ownerOfKey(schema, key);
  return { path, found, keyProblem: 'no such key', known, ...(nearest === undefined ? {} : { nearest }) };
}
