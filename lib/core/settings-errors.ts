import { define, exitCode } from './error-definition.ts';

/** How to get a broken settings file back, for one in the usual place; empty for others. */
function restoreSettingsHint(file: string): string {
  const command = restoreSettingsCommand(file);
  return command === undefined
    ? ''
    : `\nTo get it back from the newest backup:\n  ${command}\nIf the backups are not in ./backups, write {"backup": {"storage": {"path": "…"}}} instead of {}.`;
}

/** The command that restores a settings file in its usual place without reading it; for a POSIX shell. */
export function restoreSettingsCommand(file: string): string | undefined {
  const name = /(?:^|\/)(config\/(?:backup_)?config\.json)$/.exec(file)?.[1];
  return name === undefined
    ? undefined
    : `echo '{}' > /tmp/empty.json && npm run backup:restore -- latest --include ${name} --config /tmp/empty.json`;
}

/** Errors of the command line, of settings, and of schedules. */
export const settingsErrors = {
  USAGE: define<{ problem: string; hint?: string }>(exitCode.usage, (p) => ({
    message: p.problem,
    hint: p.hint ?? 'Run the command with --help to see its options.',
  })),
  OPTION_INVALID: define<{ option: string; value: string; expected: string }>(exitCode.usage, (p) => ({
    message: `Option --${p.option}: ${JSON.stringify(p.value)} is not valid; expected ${p.expected}.`,
    hint: 'Run the command with --help to see its options.',
  })),
  VARIABLE_INVALID: define<{ name: string; value: string; expected: string }>(exitCode.usage, (p) => ({
    message: `The environment variable ${p.name} is ${JSON.stringify(p.value)}; expected ${p.expected}.`,
    hint: 'Set it to that, or unset it.',
  })),
  CONFIG_UNREADABLE: define<{ file: string; reason: string }>(exitCode.usage, (p) => ({
    message: `The settings file ${p.file} could not be read: ${p.reason}.`,
    hint: 'Check that the file exists and that you may read it, or name another one with --config.',
  })),
  CONFIG_SYNTAX: define<{ file: string; line: number; column: number; reason: string }>(exitCode.usage, (p) => ({
    message: `The settings file ${p.file} is not valid JSON at line ${p.line}, column ${p.column}: ${p.reason}.`,
    hint: `Comments and trailing commas are fine; look for a missing quote, comma or brace at that place.${restoreSettingsHint(p.file)}`,
  })),
  /**
   * `problems` holds one finished sentence each: key, what was found, what is expected, nearest known key. `asked`: the
   * keys of a change that was refused for them.
   */
  CONFIG_INVALID: define<{ file: string; problems: string[]; asked?: string[] }>(exitCode.usage, (p) => {
    const problems = p.problems.map((problem) => `  - ${problem}`).join('\n');
    return p.asked === undefined
      ? {
          message: `The settings in ${p.file} are not valid:\n${problems}`,
          hint: 'Run `backup:config --check` after mending them.',
        }
      : {
          message: `Option --set-option ${p.asked.join(', ')}: the settings would not be valid:\n${problems}`,
          hint: `Nothing was changed in ${p.file}.`,
        };
  }),
  PACKAGE_UNREADABLE: define<{ file: string; reason: string }>(exitCode.usage, (p) => ({
    message: `${p.file} is not one that npm can read: ${p.reason}. Nothing was changed.`,
    hint: 'Mend it (`npm pkg get name` shows whether npm reads it), then run `ai-backup init` again.',
  })),
  TARGET_UNKNOWN: define<{ name: string; known: string[]; nearest?: string }>(exitCode.usage, (p) => ({
    message: `There is no target ${JSON.stringify(p.name)}${p.nearest === undefined ? '' : `; did you mean ${JSON.stringify(p.nearest)}?`}`,
    hint: `Known targets: ${p.known.join(', ')}.`,
  })),
  SCHEDULE_UNKNOWN: define<{ name: string; known: string[] }>(exitCode.usage, (p) => ({
    message: `There is no schedule ${JSON.stringify(p.name)}.`,
    hint:
      p.known.length === 0
        ? 'No schedule is set: give backup.schedule in config/config.json a cron expression.'
        : `Known schedules: ${p.known.join(', ')}.`,
  })),
  SCHEDULE_NONE: define<Record<never, never>>(exitCode.usage, () => ({
    message: 'No schedule is set.',
    hint: 'Give backup.schedule in config/config.json a cron expression such as "0 2 * * *".',
  })),
} as const;
