import type { KeyPath } from './settings-text.ts';
import type { SettingsProblem } from './settings-problem.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A section whose texts have their variables filled in. */
export interface FilledSection {
  value: unknown;
  /** Keys that took something from the environment: `JSON.stringify` of their path → what. */
  filled: Map<string, FilledKey>;
  problems: SettingsProblem[];
}

export interface FilledKey {
  variables: string[];
  /** True when the whole text is one variable, so that it may mean a number or true or false. */
  isWhole: boolean;
}

/** `$${`, which stands for `${` itself; `${…}`; or `${` without an end. */
const reference = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/;

/** True when some text in a section names a variable, so that `.env` has to be read. */
export function namesVariables(section: unknown): boolean {
  if (typeof section === 'string') return section.includes('${');
  if (typeof section !== 'object' || section === null) return false;
  return Object.values(section).some(namesVariables);
}

/**
 * Fills `${NAME}` and `${NAME:-default}` in every text of a section. As in a shell, the default holds where the
 * variable is not set or empty. What cannot be filled stays as it is and is a problem.
 */
export function substituteVariables(section: unknown, environment: Environment): FilledSection {
  const filled = new Map<string, FilledKey>();
  const problems: SettingsProblem[] = [];

  const walk = (value: unknown, path: KeyPath): unknown => {
    if (Array.isArray(value)) return value.map((one, index) => walk(one, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      // Without a prototype, as the parser gives it: a key may be called `__proto__`.
      const copy = Object.create(null) as Record<string, unknown>;
      for (const [key, one] of Object.entries(value)) copy[key] = walk(one, [...path, key]);
      return copy;
    }
    return typeof value === 'string' && value.includes('${') ? fill(value, path) : value;
  };

  const fill = (value: string, path: KeyPath): string => {
    const variables: string[] = [];
    const result = value.replace(reference, (whole, inner: string | undefined) => {
      if (whole === '$${') return '${';
      const [, name, fallback] = variable.exec(inner ?? '') ?? [];
      if (name === undefined) {
        problems.push({
          path,
          found: value,
          expected: 'a variable such as ${NAME} or ${NAME:-default}; write $${ for ${ itself',
        });
        return whole;
      }
      variables.push(name);
      const set = environment[name];
      if (set !== undefined && (set !== '' || fallback === undefined)) return set;
      if (fallback === undefined) {
        problems.push({
          path,
          found: value,
          expected: `the environment variable ${name} to be set, here or in .env, or a default as in \${${name}:-…}`,
        });
      }
      return fallback ?? whole;
    });
    if (variables.length > 0) {
      filled.set(JSON.stringify(path), { variables, isWhole: /^\$\{[^}]*\}$/.test(value) });
    }
    return result;
  };

  return { value: walk(section, []), filled, problems };
}
