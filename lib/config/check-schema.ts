import type * as z from 'zod';
import type { SettingsProblem } from './settings-problem.ts';
import type { FilledKey } from './substitute-variables.ts';
import { valueAt } from './value-at.ts';
import type { KeyPath } from './settings-text.ts';

/** A section that was checked against a schema. */
export interface CheckedSection<T> {
  /** The section with variables turned into the numbers and switches that they stand for. */
  section: unknown;
  /** Absent when there are problems. */
  value?: T;
  problems: SettingsProblem[];
}

/**
 * Checks a section against a schema and names every mistake at once. A value that came whole from a variable is a text;
 * where the schema does not want one, it is read as the number, true or false that it spells.
 */
export async function checkSchema<T>(
  schema: z.ZodType<T>,
  section: unknown,
  filled: ReadonlyMap<string, FilledKey>,
): Promise<CheckedSection<T>> {
  let checked = await parse(schema, section);
  let given = section;
  for (const { path } of checked.problems) {
    const spelt = filled.get(JSON.stringify(path))?.isWhole === true ? spellsOut(valueAt(given, path)) : undefined;
    if (spelt !== undefined) given = withValue(given, path, spelt);
  }
  if (given !== section) checked = await parse(schema, given);
  return { section: given, ...checked };
}

async function parse<T>(schema: z.ZodType<T>, section: unknown): Promise<{ value?: T; problems: SettingsProblem[] }> {
  // Without zod's just-in-time compiler: it pays off from the second parse on, and hosts may forbid code from strings.
  const result = schema.safeParse(section, { jitless: true });
  if (result.success) return { value: result.data, problems: [] };
  // Loaded only here: commands start faster without what only mistakes need.
  const { explainIssues } = await import('./explain-issues.ts');
  return { problems: explainIssues(schema, section, result.error.issues) };
}

function spellsOut(value: unknown): number | boolean | undefined {
  if (value === 'true' || value === 'false') return value === 'true';
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined;
}

function withValue(value: unknown, path: KeyPath, replacement: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return replacement;
  const copy = Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) };
  Object.assign(copy, { [first]: withValue(valueAt(value, [first]), rest, replacement) });
  return copy;
}
