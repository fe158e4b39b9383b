import { expect } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import type { CanaryProject } from './canary-project.ts';
import { CanarySearch } from './canary-search.ts';
import { everySecret } from './canary-secrets.ts';
import { filesBelow, writtenInStore, type Written } from './canary-store.ts';
import type { Ended, RunOptions } from './run-tool.ts';

const search = new CanarySearch(everySecret);

/** Expects that no piece of any secret is in the bytes; says which is, where, and in which form. */
export function expectNoLeak(written: Iterable<Written>): void {
  const leaks: string[] = [];
  for (const { where, bytes } of written) {
    for (const { kind, form, around } of search.leaksIn(bytes)) leaks.push(`${where}: ${kind} (${form}): ${around}`);
  }
  expect(leaks).toEqual([]);
}

/** Expects it of what a command said. */
export function expectSaysNothing({ stdout, stderr }: Ended, command: readonly string[]): void {
  expectNoLeak([
    { where: `standard output of ${command.join(' ')}`, bytes: Buffer.from(stdout) },
    { where: `standard error of ${command.join(' ')}`, bytes: Buffer.from(stderr) },
  ]);
}

/** Expects it of all that the toolkit wrote: the store, and the folder for temporary files. */
export function expectWroteNothing(project: CanaryProject): void {
  expectNoLeak(writtenInStore(project.store));
  expectNoLeak(leftIn(project.temporary));
}

/** Each file as it is, whoever wrote it. */
export function* leftIn(folder: string): Generator<Written> {
  if (!existsSync(folder)) return;
  for (const file of filesBelow(folder)) {
    yield { where: `the name of ${file}`, bytes: Buffer.from(file.slice(folder.length)) };
    yield { where: file, bytes: readFileSync(file) };
  }
}

/** The ways of saying something: with everything that there is to say, as text and as JSON, in both languages. */
export const voices: readonly { language: string; options: string[] }[] = [
  { language: 'en', options: ['--verbose'] },
  { language: 'ja', options: ['--json', '--verbose'] },
];

/** Runs a command in every voice, and expects of each that it says nothing. @returns how the last of them ended. */
export async function expectNeverSaid(
  project: CanaryProject,
  args: readonly string[],
  { env = {}, ...options }: RunOptions = {},
): Promise<Ended> {
  let last: Ended | undefined;
  for (const voice of voices) {
    const words = [...args, ...voice.options];
    const all = { ...options, env: { ...project.environment(), ...env, BACKUP_LANG: voice.language } };
    last = await project.toolWith(all, ...words);
    expectSaysNothing(last, words);
  }
  if (last === undefined) throw new RangeError('there are no voices');
  return last;
}
