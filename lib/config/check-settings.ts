import { checkMeaning } from './check-meaning.ts';
import { flatPath } from './flat-path.ts';
import type { FlatSettings } from './flat-settings.ts';
import { isPlainlyValid } from './plainly-valid.ts';
import type { SettingsProblem } from './settings-problem.ts';
import type { GivenSettings } from './settings-schema.ts';
import { repeatedKeys, type SettingsText } from './settings-text.ts';
import type { Surroundings } from './store-path.ts';
import { type FilledKey, substituteVariables } from './substitute-variables.ts';

export interface CheckedSettings {
  given: GivenSettings;
  /** Paths in the section (`JSON.stringify` of each) → the variables that their values came from. */
  variables: ReadonlyMap<string, readonly string[]>;
}

/**
 * Fills variables in and checks everything. Throws CONFIG_INVALID that names every mistake, in the order of the file.
 */
export async function checkSettings(
  source: SettingsText,
  environment: Readonly<Record<string, string | undefined>>,
  surroundings: Surroundings,
): Promise<CheckedSettings> {
  const { value, filled, problems: unfilled } = substituteVariables(source.section, environment);
  const checked = source.form === 'flat' ? await checkFlat(value, filled) : await checkNested(value, filled);
  const meaning = await checkMeaning(checked.nested, surroundings);
  const inFile = (problem: SettingsProblem): SettingsProblem =>
    source.form === 'flat' ? { ...problem, path: flatPath(problem.path) } : problem;
  const repeated = repeatedKeys(source).map(({ path, line }): SettingsProblem => {
    const keyProblem = 'the key stands twice, and only one of the two can hold';
    return { path: path.slice(source.sectionPath.length), found: undefined, keyProblem, line };
  });
  const all = [...unfilled, ...checked.problems, ...meaning.map(inFile)];
  const problems = [...repeated, ...firstOfEachKey(all)];
  if (problems.length > 0) {
    const { settingsError } = await import('./settings-error.ts');
    throw settingsError(source, problems, filled);
  }
  const variables = new Map([...filled].map(([path, { variables: names }]) => [path, names]));
  return { given: checked.nested as GivenSettings, variables };
}

interface Checked {
  /** In the nested form. */
  nested: unknown;
  problems: SettingsProblem[];
}

async function checkNested(section: unknown, filled: ReadonlyMap<string, FilledKey>): Promise<Checked> {
  if (isPlainlyValid(section)) return { nested: section, problems: [] };
  // Loaded only here: most settings have no mistake.
  const [{ checkSchema }, { settingsSchema }] = await Promise.all([
    import('./check-schema.ts'),
    import('./settings-schema.ts'),
  ]);
  // The section itself, not what the schema gives back: that has the schema's order, and targets keep the file's.
  const { section: nested, problems } = await checkSchema<GivenSettings>(settingsSchema, section, filled);
  return { nested, problems };
}

async function checkFlat(section: unknown, filled: ReadonlyMap<string, FilledKey>): Promise<Checked> {
  const [{ checkSchema }, { flatSchema, nestFlatSettings }] = await Promise.all([
    import('./check-schema.ts'),
    import('./flat-settings.ts'),
  ]);
  const { value, problems } = await checkSchema<FlatSettings>(flatSchema, section, filled);
  return { nested: value === undefined ? {} : nestFlatSettings(value), problems };
}

/** One mistake a key: a text that could not be filled is not blamed again for not being a number. */
function firstOfEachKey(problems: readonly SettingsProblem[]): SettingsProblem[] {
  const seen = new Map<string, SettingsProblem>();
  for (const problem of problems) {
    const key = JSON.stringify(problem.path);
    if (!seen.has(key)) seen.set(key, problem);
  }
  return [...seen.values()];
}
