import { BackupError } from '../core/errors.ts';
import { nearestKey } from './nearest-key.ts';
import { problemSentence, type SettingsProblem } from './settings-problem.ts';
import { type KeyPath, lineOfKey, type SettingsText } from './settings-text.ts';
import type { FilledKey } from './substitute-variables.ts';

/** CONFIG_INVALID with a sentence for each problem, in the order of the file's lines. */
export function settingsError(
  source: SettingsText,
  problems: readonly SettingsProblem[],
  filled: ReadonlyMap<string, FilledKey>,
): BackupError {
  const sentences = problems.map((problem) => {
    const path: KeyPath = [...source.sectionPath, ...problem.path];
    const line = problem.line ?? lineOfKey(source, path);
    const variables = filled.get(JSON.stringify(problem.path))?.variables ?? [];
    return { line, sentence: problemSentence(withNearest(problem), path, line, variables) };
  });
  sentences.sort((a, b) => a.line - b.line);
  return new BackupError('CONFIG_INVALID', { file: source.file, problems: sentences.map(({ sentence }) => sentence) });
}

function withNearest(problem: SettingsProblem): SettingsProblem {
  const { found, choices } = problem;
  const nearest = typeof found === 'string' && choices !== undefined ? nearestKey(found, choices) : undefined;
  return nearest === undefined ? problem : { ...problem, nearest };
}
