import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { canWatchProcesses, runWatched } from '../support/canary-processes.ts';
import { CanaryProject } from '../support/canary-project.ts';
import { CanarySearch } from '../support/canary-search.ts';
import { everySecret, keyCanaries } from '../support/canary-secrets.ts';
import {
  expectNeverSaid,
  expectNoLeak,
  expectSaysNothing,
  expectWroteNothing,
  leftIn,
} from '../support/canary-watch.ts';
import type { Created } from '../support/make-project.ts';

/** A key, given in each way: its variables, and its options. */
const keyWays: readonly [way: string, env: Record<string, string>, options: (project: CanaryProject) => string[]][] = [
  ['a file', {}, (project) => ['--encryption-key', project.keyFile('file')]],
  ['a variable', { BACKUP_ENCRYPTION_KEY: keyCanaries.variable }, () => []],
  ['a command', { BACKUP_ENCRYPTION_KEY_COMMAND: `cat ../keys/command # ${keyCanaries.wrong}` }, () => []],
];

const mainCommands = [
  ['create', '--encrypt', '--mode', 'incremental'],
  ['show', 'ID', '--files'],
  ['verify', '--all', '--check-content'],
  ['restore', 'ID', '--yes', '--to', '../copy'],
  ['keys', 'check'],
  ['audit', 'show'],
  ['doctor'],
];

const otherCommands = [
  ['create', '--encrypt', '--dry-run'],
  ['create', '--encrypt', '--mode', 'differential'],
  ['create', '--encrypt', '--format', 'zip'],
  ['list'],
  ['diff', 'ID', 'latest'],
  ['restore', 'ID', '--dry-run', '--overwrite', 'always'],
  ['restore', 'ID', '--yes', '--overwrite', 'always'],
  ['restore', 'ID', '--yes', '--to', '../copy', '--include', '.env', '--overwrite', 'always'],
  ['consolidate', 'ID'],
  ['keys', 'recovery-kit', '--without-key', '--output', '../kit', '--force'],
  ['audit'],
  ['config', '--show-config'],
];

describe.each(keyWays)('encrypted, with its key from %s', (way, env, options) => {
  let project: CanaryProject;
  let id: string;
  const run = async (args: readonly string[]): Promise<number | null> =>
    (await expectNeverSaid(project, [...args, ...options(project)], { env })).code;

  beforeAll(async () => {
    project = new CanaryProject();
    const all = { env: { ...project.environment(), ...env } };
    const made = await project.toolWith(all, 'create', '--encrypt', '--json', ...options(project));
    expectSaysNothing(made, ['create']);
    ({ id } = made.json<Created>());
  });

  afterAll(() => project.remove());

  test('no command says a secret', async () => {
    // Each command with one of the ways, and with each way what reads and writes most.
    for (const args of way === 'a file' ? [...mainCommands, ...otherCommands] : mainCommands) {
      const code = await run(args.map((word) => (word === 'ID' ? id : word)));
      // `doctor` tells what could be better, and so may others, of a project like this one.
      expect([args, code !== null && [0, 1, 3, 4].includes(code)]).toEqual([args, true]);
    }
  });

  test('no byte of the store holds one, whatever the toolkit did', () => {
    expect(existsSync(project.store) && readdirSync(project.store).length).toBeGreaterThan(4);
    // Not only what the toolkit added, as in a store without encryption: every byte, unpacked where that can be done.
    expectNoLeak(leftIn(project.store));
    expectWroteNothing(project);
  });

  test('what was restored is all there: the search would find it', () => {
    expect(() => expectNoLeak(leftIn(project.beside('project/config')))).toThrow(/nested YAML/);
  });

  test('a wrong key says nothing, nor does what it is tried on', async () => {
    const wrong = ['--encryption-key', project.keyFile('wrong')];
    for (const args of [
      ['show', id, '--files'],
      ['verify', id],
      ['restore', id, '--yes'],
      ['keys', 'check'],
      ['audit'],
    ]) {
      const { code } = await expectNeverSaid(project, [...args, ...wrong]);
      expect([args, code]).not.toEqual([args, null]);
    }
    expectNoLeak(leftIn(project.store));
  });
});

describe('a key that was made', () => {
  test('is in its file and nowhere else', async () => {
    const project = new CanaryProject();
    try {
      for (const [more, name] of [
        [[], 'made'],
        [['--rsa'], 'made.private.pem'],
      ] as const) {
        const ended = await project.tool('keys', 'generate', project.beside('keys/made'), ...more, '--verbose');
        expect([more, ended.code]).toEqual([more, 0]);
        const text = readFileSync(project.beside(`keys/${name}`), 'utf8');
        const search = new CanarySearch([{ kind: 'made', secret: text.replace(/-----[A-Z ]+-----\n|\n/g, '') }]);
        expect(search.leaksIn(Buffer.from(text)).length).toBeGreaterThan(0);
        expect(search.leaksIn(Buffer.from(ended.stdout + ended.stderr))).toEqual([]);
        for (const { where, bytes } of leftIn(project.store))
          expect([where, search.leaksIn(bytes)]).toEqual([where, []]);
      }
    } finally {
      project.remove();
    }
  });
});

(canWatchProcesses ? describe : describe.skip)('programs that are started meanwhile', () => {
  test.each(keyWays)('have no secret in their words, and no key in their variables: %s', async (_, env, options) => {
    const project = new CanaryProject();
    try {
      const keys = new CanarySearch(Object.values(keyCanaries).map((secret) => ({ kind: 'key', secret })));
      const all = new CanarySearch(everySecret);
      for (const args of [
        ['create', '--encrypt'],
        ['create', '--encrypt', '--compression', 'xz'],
        ['verify', '--all', '--check-content'],
        ['restore', 'latest', '--yes', '--overwrite', 'always'],
        ['doctor'],
      ]) {
        const words = [...args, ...options(project), '--root', project.root];
        const run = { env: { ...project.environment(), ...env } };
        const { started, ...ended } = await runWatched(words, project.folder, run);
        expectSaysNothing(ended, words);
        expect([words, ended.code !== null && [0, 1, 3, 4].includes(ended.code)]).toEqual([words, true]);
        for (const [index, { argv, environment }] of started.entries()) {
          expect([argv, all.leaksIn(Buffer.from(argv.join('\n')))]).toEqual([argv, []]);
          // The first is the toolkit itself; the shell of a key's command has the command, which is for its eyes.
          if (index === 0 || argv[0] === '/bin/sh') continue;
          expect([argv, keys.leaksIn(Buffer.from(environment.join('\n')))]).toEqual([argv, []]);
          expect(environment.filter((one) => one.startsWith('BACKUP_ENCRYPTION_'))).toEqual([]);
        }
        if (args[0] === 'create') expect(started.some(({ argv }) => argv[0] === 'git')).toBe(true);
      }
    } finally {
      project.remove();
    }
  });
});
