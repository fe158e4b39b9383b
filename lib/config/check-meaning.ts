import { checkSchedules } from './check-schedules.ts';
import { checkStorage } from './check-storage.ts';
import { loose, type Loose } from './loose-value.ts';
import { defaultTargetNames } from './settings.ts';
import type { SettingsProblem } from './settings-problem.ts';
import type { Surroundings } from './store-path.ts';
import { isDefaultTarget, isOff, isPlainName, namePhrase } from './target-names.ts';

/**
 * What no single key can tell: the nested section may still be wrong in its types, so that all mistakes of both kinds
 * are named at once.
 */
export async function checkMeaning(section: unknown, surroundings: Surroundings): Promise<SettingsProblem[]> {
  const settings = loose(section);
  const storage = loose(settings['storage']);
  return [
    ...checkStorage(storage, surroundings),
    ...checkTargets(loose(settings['targets'])),
    ...(settings['schedule'] === undefined ? [] : await checkSchedules(settings)),
  ];
}

function checkTargets(targets: Loose): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  for (const [name, target] of Object.entries(targets)) {
    const path = ['targets', name];
    if (!isPlainName(name)) problems.push({ path, found: target, expected: `${namePhrase} as the target's name` });
    const { paths, groups } = loose(target);
    for (const [group, value] of Object.entries(loose(groups))) {
      if (!isPlainName(group)) {
        problems.push({
          path: [...path, 'groups', group],
          found: value,
          expected: `${namePhrase} as the group's name`,
        });
      }
    }
    const hasSources = paths !== undefined || Object.keys(loose(groups)).length > 0;
    if (!isDefaultTarget(name) && loose(target) === target && !hasSources) {
      problems.push({
        path,
        found: target,
        expected: 'paths or groups in it: only the default targets have sources of their own',
      });
    }
  }
  if (defaultTargetNames.every((name) => isOff(targets[name])) && Object.values(targets).every(isOff)) {
    problems.push({ path: ['targets'], found: targets, expected: 'at least one target that is on' });
  }
  return problems;
}
