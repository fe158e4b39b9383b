import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { appendFileSync } from 'node:fs';
import { CanaryProject, canaryOf } from '../support/canary-project.ts';
import { keyCanaries } from '../support/canary-secrets.ts';
import { expectNeverSaid, expectWroteNothing } from '../support/canary-watch.ts';

let project: CanaryProject;

beforeAll(() => {
  project = new CanaryProject();
});

afterAll(() => project.remove());

/** The commands of a working day, in their order. */
const day: readonly (readonly string[])[] = [
  ['create', '--dry-run'],
  ['create', '--name', 'first'],
  ['create', '--mode', 'incremental'],
  ['create', '--mode', 'differential', '--since', '2026-01-01'],
  ['create', '--format', 'zip'],
  ['create', '--format', 'directory'],
  ['create', '--compression', 'xz', '--targets', 'config,state'],
  ['list'],
  ['show'],
  ['show', 'latest', '--files'],
  ['verify'],
  ['verify', '--all', '--check-content'],
  ['diff'],
  ['diff', 'latest', 'latest'],
  ['restore', 'latest', '--dry-run', '--overwrite', 'always'],
  ['restore', 'latest', '--yes', '--overwrite', 'always'],
  ['consolidate', '--dry-run'],
  ['consolidate'],
  ['schedule', '--list'],
  ['schedule', '--once', 'nightly'],
  ['schedule', '--schedule-type', 'weekly', '--time', '03:00'],
  ['config', '--show-config'],
  ['config', '--check'],
  ['config', '--set-option', 'maxBackups=9'],
  ['init', '--dry-run'],
  ['cleanup', '--dry-run', '--keep-count', '1'],
  ['cleanup', '--keep-count', '3'],
];

describe('a project with secrets of every kind, backed up as it is', () => {
  test.each(day.map((args) => [args.join(' '), args] as const))('%s', async (_, args) => {
    appendFileSync(project.path('logs/app.log'), `one more line with ${canaryOf('password').secret}\n`);
    const ended = await expectNeverSaid(project, args);
    expect([0, 3]).toContain(ended.code);
    expectWroteNothing(project);
  });

  test('the settings show no key that is written in them, and say so', async () => {
    project.settings({ storage: { encryptionKey: keyCanaries.settings } });
    for (const args of [['config', '--show-config'], ['config', '--check'], ['create'], ['init', '--dry-run']]) {
      expect((await expectNeverSaid(project, args)).code).toBe(0);
    }
    expectWroteNothing(project);
    // A pattern is no place for a secret, and rests in manifests as it is: shown it is not.
    project.settings({ storage: { encryptionKey: '${DB_PASSWORD}' }, exclude: ['${DATABASE_URL}', '${WIDGET}'] });
    for (const args of [
      ['config', '--show-config'],
      ['config', '--check'],
    ]) {
      expect((await expectNeverSaid(project, args)).code).toBe(0);
    }
    project.settings({});
  });
});
