import { exitCode } from '../core/error-catalogue.ts';
import { isBackupError, reasonOf } from '../core/errors.ts';
import { maskText } from '../core/mask-secrets.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeError } from '../messages/describe.ts';
import { en } from '../messages/en/index.ts';
import type { Language, Messages } from '../messages/messages.ts';
import { checkNames, type HealthCheck, type HealthStatus } from '../monitor/health-check.ts';
import { examineInstallation } from '../operations/examine-installation.ts';
import { formatBytes } from './format-amounts.ts';
import { foldText } from './fold-text.ts';
import type { Output } from './output.ts';
import { plainTable, widthOf } from './table.ts';
import { defineVerb } from './verb.ts';

/** `doctor`: what is wrong with this installation, at a glance. */
export const doctorVerb = defineVerb<{ repair: boolean }>({
  name: 'doctor',
  describe: (messages) => messages.doctor.describe,
  options: (yargs, { doctor: text }) =>
    yargs.option('repair', { type: 'boolean', default: false, describe: text.repair }),
  run: async (context, { repair }) => {
    const { output, messages, language } = context;
    const { ok, checks } = await examineInstallation(await context.open(), { repair });
    output.document({
      ok,
      checks: checks.map((check) => ({ ...aboutOf(check), ...wordsFor(check, en, 'en') })),
    });
    showChecks(checks, output, messages, language);
    return ok ? exitCode.done : exitCode.problemFound;
  },
});

const aboutOf = ({ name, status, code }: HealthCheck): Pick<HealthCheck, 'name' | 'status' | 'code'> => ({
  name,
  status,
  code,
});

/** The sentence of a check, and what to do; secrets of a known shape masked. */
function wordsFor(check: HealthCheck, { doctor }: Messages, language: Language): { message: string; hint?: string } {
  // Both tables are typed by code; the compiler cannot follow the code through a union of their functions.
  type Say = (params: object, bytes: (amount: number) => string) => string;
  const params = shownParams(check, language);
  const message = (doctor.says[check.code] as Say)(params, formatBytes);
  const hint = (doctor.hints as Partial<Record<string, Say>>)[check.code]?.(params, formatBytes);
  return { message: maskText(message), ...(hint === undefined ? {} : { hint: maskText(hint) }) };
}

/** Paths as a terminal may show them, and an error as its sentence. */
function shownParams({ params }: HealthCheck, language: Language): object {
  if ('error' in params) {
    const { error } = params;
    return { reason: isBackupError(error) ? describeError(error, language).message : reasonOf(error) };
  }
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      typeof value === 'string' ? printablePath(value) : (value as unknown),
    ]),
  );
}

function showChecks(checks: readonly HealthCheck[], output: Output, messages: Messages, language: Language): void {
  const { doctor: text } = messages;
  const { color } = output;
  const paint: Record<HealthStatus, (word: string) => string> = {
    ok: color.green,
    warning: color.yellow,
    problem: color.red,
  };
  const rows: string[][] = [];
  const room = Math.max(roomForSentences(output, text), leastColumns);
  const add = (mark: string, name: string, sentence: string, shown = (line: string): string => line): void => {
    for (const [at, line] of foldText(sentence, room).entries())
      rows.push([at === 0 ? mark : '', at === 0 ? name : '', shown(line)]);
  };
  let lastHint: string | undefined;
  for (const name of checkNames) {
    for (const check of checks.filter((one) => one.name === name)) {
      const { message, hint } = wordsFor(check, messages, language);
      // Ten lines of one kind need their advice once, behind the last of them.
      if (lastHint !== undefined && lastHint !== hint) add('', '', lastHint, color.dim);
      add(paint[check.status](text.marks[check.status]), text.names[name], message);
      lastHint = hint;
    }
  }
  if (lastHint !== undefined) add('', '', lastHint, color.dim);
  output.line(plainTable(output, [], rows));
  const count = (status: HealthStatus): number => checks.filter((one) => one.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  output.line();
  output.line(problems + warnings === 0 ? text.allWell : text.summary(problems, warnings));
}

/** A narrower column would have a word a line. */
const leastColumns = 30;

/** Columns beside the marks and names, at their widest. */
function roomForSentences({ room }: Output, { marks, names }: Messages['doctor']): number {
  const widest = (words: object): number => Math.max(...Object.values(words).map((word) => widthOf(String(word))));
  return room - widest(marks) - widest(names) - 4;
}
