import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { configVerb } from '../../lib/cli/config.ts';
import { Output, type TextStream } from '../../lib/cli/output.ts';
import type { AnyVerb, CommandContext } from '../../lib/cli/verb.ts';
import { type BackupError, isBackupError } from '../../lib/core/errors.ts';
import { describeError } from '../../lib/messages/describe.ts';
import { changeSettings } from '../../lib/operations/change-settings.ts';
import { en } from '../../lib/messages/en/index.ts';
import { ja } from '../../lib/messages/ja/index.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'config-verb-')));
  mkdirSync(join(root, 'config'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (text: string): void => writeFileSync(join(root, 'config/config.json'), text);

interface Ran {
  /** The exit code, or the code of the error. */
  outcome: number | string;
  stdout: string;
  stderr: string;
}

/** Runs the verb as the command line does, with its output in files. */
async function run(args: string[], language: 'en' | 'ja' = 'en'): Promise<Ran> {
  const files = { stdout: join(root, 'stdout.txt'), stderr: join(root, 'stderr.txt') };
  const streams = [openSync(files.stdout, 'w'), openSync(files.stderr, 'w')] as const;
  const stream = (fd: number): TextStream => ({ fd, isTTY: false }) as TextStream;
  const messages = language === 'ja' ? ja : en;
  let outcome: number | string = 'not run';
  const common = yargs(args)
    .exitProcess(false)
    .strict()
    .option('json', { type: 'boolean', default: false })
    .option('config', { type: 'string' });
  const program = configVerb(
    common as unknown as Parameters<AnyVerb>[0],
    async (options, body) => {
      const json = args.includes('--json');
      const output = new Output({
        json,
        progress: false,
        quiet: false,
        verbose: false,
        color: false,
        stdout: stream(streams[0]),
        stderr: stream(streams[1]),
      });
      const context = {
        common: options,
        language,
        messages,
        output,
        root,
        configFile: options.config,
        workingFolder: root,
        environment: { TOKEN: 'swordfish', DIR: './d' },
      };
      try {
        outcome = await body(context as unknown as CommandContext);
      } catch (error) {
        if (!isBackupError(error)) throw error;
        outcome = error.code;
      }
    },
    messages,
  );
  await program.parseAsync();
  for (const fd of streams) closeSync(fd);
  return { outcome, stdout: readFileSync(files.stdout, 'utf8'), stderr: readFileSync(files.stderr, 'utf8') };
}

test('shows the settings that hold and where each is from', async () => {
  write(
    '{\n  "backup": {\n    "retention": 14,\n    "storage": { "path": "${DIR}" },\n    "targets": { "kb": ["kb"] }\n  }\n}',
  );
  const { outcome, stdout } = await run(['config', '--show-config']);
  expect(outcome).toBe(0);
  expect(stdout).toContain(`Settings of ${root}\nfrom config/config.json; `);
  expect(stdout).toMatch(/^retention +14 +line 3$/m);
  expect(stdout).toMatch(/^storage\.path +"\/.*\/d" +line 4$/m);
  expect(stdout).toMatch(/^storage\.compression +"gzip" +default$/m);
  expect(stdout).toMatch(/^storage\.fileMode +"0600" +default$/m);
  expect(stdout).toMatch(/^targets\.config +true +default$/m);
  expect(stdout).toMatch(/^targets\.kb +\["kb"\] +line 5$/m);
  expect(stdout).not.toContain('maxBackups');
  expect((await run(['config'])).stdout).toBe(stdout);
});

test('shows no secret, neither as text nor as JSON', async () => {
  write(
    JSON.stringify({
      backup: { storage: { encryptionKey: 'swordfish', path: './${TOKEN}' }, exclude: ['https://me:swordfish@host/x'] },
    }),
  );
  for (const args of [['config'], ['config', '--json']]) {
    const { outcome, stdout, stderr } = await run(args);
    expect(outcome).toBe(0);
    expect(stdout + stderr).not.toContain('swordfish');
    expect(stdout).toContain('<masked>');
    // With --json, standard error is for errors.
    expect(stderr.includes('storage.encryptionKey holds the secret itself')).toBe(!args.includes('--json'));
  }
});

test('a key that comes from the environment needs no notice', async () => {
  write('{ "backup": { "storage": { "encryptionKey": "${TOKEN}" } } }');
  expect(await run(['config', '--check'])).toMatchObject({ outcome: 0, stderr: '' });
});

test('--json gives the file and the settings, in the form that the file takes', async () => {
  write('{ "backup": { "schedule": { "daily": "0 2 * * *" }, "maxBackups": 3 } }');
  const { stdout } = await run(['config', '--json']);
  const { file, settings } = JSON.parse(stdout) as { file: string; settings: Record<string, unknown> };
  expect(file).toBe(join(root, 'config/config.json'));
  expect(settings).toMatchObject({ schedule: { daily: '0 2 * * *' }, maxBackups: 3, storage: { format: 'tar' } });
  expect(settings).not.toHaveProperty('retention');
  write(JSON.stringify({ backup: settings }));
  expect(JSON.parse((await run(['config', '--json'])).stdout)).toEqual({ file, settings });
});

test('--check tells valid settings from wrong ones', async () => {
  expect((await run(['config', '--check'])).stdout).toBe('There is no settings file; the defaults hold.\n');
  write('{ "backup": { "schedule": "0 2 * * *" } }');
  expect(await run(['config', '--check'])).toMatchObject({
    outcome: 0,
    stdout: 'config/config.json: valid (6 targets, 1 schedule).\n',
  });
  expect((await run(['config', '--check'], 'ja')).stdout).toContain('正しい設定');
  write('{ "backup": { "schedul": "0 2 * * *" } }');
  expect(await run(['config', '--check'])).toMatchObject({ outcome: 'CONFIG_INVALID', stdout: '' });
  write('{ "backup": { "schedule" } }');
  expect(await run(['config', '--check'])).toMatchObject({ outcome: 'CONFIG_SYNTAX' });
});

test('--set-option changes the file, several settings at once', async () => {
  write('{\n  "backup": {\n    // days\n    "retention": 30\n  }\n}\n');
  const args = [
    'config',
    '--set-option',
    'retention=7',
    '--set-option',
    'schedule=0 3 * * *',
    '--set-option',
    'backup.enabled=false',
  ];
  expect(await run(args)).toMatchObject({
    outcome: 0,
    stdout:
      'Set retention in config/config.json.\nSet schedule in config/config.json.\nSet backup.enabled in config/config.json.\n',
  });
  expect(readFileSync(join(root, 'config/config.json'), 'utf8')).toBe(
    '{\n  "backup": {\n    // days\n    "retention": 7,\n    "schedule": "0 3 * * *",\n    "enabled": false\n  }\n}\n',
  );
  expect((await run(['config', '--set-option', 'schedule=null'])).stdout).toBe(
    'Took schedule out of config/config.json.\n',
  );
  expect(await run(['config', '--set-option', 'retention'])).toMatchObject({ outcome: 'OPTION_INVALID' });
});

test('--set-option tells a mistake as one of the change, without a line that is in no file', async () => {
  const text = '{ "backup": { "retention": 3 } }';
  write(text);
  const { outcome } = await run(['config', '--set-option', 'maxBackups=abc']);
  expect(outcome).toBe('CONFIG_INVALID');
  expect(readFileSync(join(root, 'config/config.json'), 'utf8')).toBe(text);
  const request = { root, environment: {} };
  const refused = changeSettings(request, [
    { key: 'maxBackups', valueText: 'abc' },
    { key: 'nope', valueText: '1' },
  ]);
  await expect(refused).rejects.toMatchObject({
    params: {
      asked: ['maxBackups', 'nope'],
      problems: [
        'backup.maxBackups: found "abc", expected a whole number of 1 or more.',
        expect.stringMatching(/^backup\.nope: no such key \(found 1\)/),
      ],
    },
    hint: expect.stringContaining('Nothing was changed'),
  });
  const error = await refused.catch((thrown: unknown) => thrown as BackupError);
  expect(describeError(error as BackupError, 'ja').message).toContain('backup.maxBackups: 値は "abc" ですが');
});

test('--config-file and --config name another file', async () => {
  const other = join(root, 'other.json');
  writeFileSync(other, '{ "backup": { "retention": 3 } }');
  for (const option of ['--config-file', '--config']) {
    expect((await run(['config', '--check', option, other])).stdout).toContain('other.json: valid');
  }
  expect(await run(['config', '--check', '--config-file', join(root, 'absent.json')])).toMatchObject({
    outcome: 'CONFIG_UNREADABLE',
  });
});
