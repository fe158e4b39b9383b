import * as z from 'zod';
import { compressions } from './settings.ts';
import { isPermissionBits, isProjectPath, isSwitchInQuotes, isTimeZone } from './value-rules.ts';

/*
 * The kinds of values that settings are made of. The message of each is no sentence but a phrase, what is expected:
 * `settings-problem.ts` puts it behind "expected".
 */

/** One of the compressions. */
export const compression = () => z.enum(compressions, '"none", "gzip", "bzip2", "xz" or "zstd"');

export const flag = (): z.ZodBoolean => z.boolean('true or false');

export function wholeNumber(minimum: number, maximum?: number, unit = ''): z.ZodNumber {
  const range = maximum === undefined ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`;
  const phrase = `a whole number ${unit}${range}`;
  const number = z.number(phrase).int(phrase).min(minimum, phrase);
  return maximum === undefined ? number : number.max(maximum, phrase);
}

export const text = (phrase: string): z.ZodString => z.string(phrase).min(1, phrase);

const projectPathPhrase = 'a path or glob below the project root, not absolute and without ".."';

/** A path or glob of a target: it stays in the project. */
export const projectPath = (): z.ZodString =>
  text(projectPathPhrase)
    .refine((path) => !isSwitchInQuotes(path), { error: 'true or false without quotes, or a path' })
    .refine((path) => isSwitchInQuotes(path) || isProjectPath(path), { error: projectPathPhrase });

export const projectPaths = (): z.ZodArray<z.ZodString> => {
  const phrase = 'a list of at least one path';
  return z.array(projectPath(), phrase).min(1, phrase);
};

const patternPhrase = 'a gitignore-like pattern such as "*.tmp"';

const patternList = (): z.ZodArray<z.ZodString> => z.array(text(patternPhrase), 'a list of gitignore-like patterns');

/** Patterns: a list, or a single one. */
export const patterns = (): z.ZodUnion<[z.ZodString, z.ZodArray<z.ZodString>]> =>
  z.union([text(patternPhrase), patternList()], 'a list of gitignore-like patterns');

/** Permission bits as an octal text. Numbers are refused: JSON has no octal ones, and 600 would be taken for 01130. */
export function permissionBits(example: string, needed: number): z.ZodString {
  const phrase = `an octal text such as "${example}" that lets the owner in`;
  return z
    .string(phrase)
    .regex(/^0?[0-7]{3}$/, phrase)
    .refine((mode) => isPermissionBits(mode, needed), { error: phrase });
}

const timeZonePhrase = 'an IANA time zone such as "Asia/Tokyo" or "UTC"';

export const timeZone = (): z.ZodString => text(timeZonePhrase).refine(isTimeZone, { error: timeZonePhrase });
