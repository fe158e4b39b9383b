import { loose, type Loose } from './loose-value.ts';
import { defaultTargetNames } from './settings.ts';
import type { SettingsProblem } from './settings-problem.ts';
import { isDefaultTarget, isOff, isPlainName, namePhrase } from './target-names.ts';

/** Mistakes in `schedule`: cron expressions, names, and targets that are not there. Imports the cron library. */
export async function checkSchedules(settings: Loose): Promise<SettingsProblem[]> {
  const { cronProblem } = await import('../core/cron-expression.ts');
  const problems: SettingsProblem[] = [];
  const checkCron = (found: unknown, path: string[]): void => {
    if (typeof found === 'string' && found !== '' && cronProblem(found) !== undefined) {
      problems.push({
        path,
        found,
        expected: 'a cron expression such as "0 2 * * *" (minute, hour, day, month, weekday)',
      });
    }
  };
  checkCron(settings['schedule'], ['schedule']);
  for (const [name, schedule] of Object.entries(loose(settings['schedule']))) {
    const path = ['schedule', name];
    if (!isPlainName(name)) {
      problems.push({ path, found: schedule, expected: `${namePhrase} as the schedule's name` });
    }
    checkCron(schedule, path);
    const { cron, mode, type, targets } = loose(schedule);
    checkCron(cron, [...path, 'cron']);
    if (mode !== undefined && type !== undefined && mode !== type) {
      problems.push({
        path: [...path, 'type'],
        found: type,
        expected: `the same as mode (${JSON.stringify(mode)}), or only one of the two`,
      });
    }
    if (Array.isArray(targets)) problems.push(...checkNames(targets, [...path, 'targets'], loose(settings['targets'])));
  }
  return problems;
}

function checkNames(names: readonly unknown[], path: string[], targets: Loose): SettingsProblem[] {
  const choices = [...new Set([...defaultTargetNames, ...Object.keys(targets)])];
  return names.flatMap((found, index): SettingsProblem[] => {
    if (typeof found !== 'string' || found === '') return [];
    const at = [...path, index];
    if (!isDefaultTarget(found) && !Object.hasOwn(targets, found)) {
      return [{ path: at, found, expected: `a target's name (${choices.join(', ')})`, choices }];
    }
    const expected = 'a target that is on; this one is switched off';
    return isOff(targets[found]) ? [{ path: at, found, expected }] : [];
  });
}
