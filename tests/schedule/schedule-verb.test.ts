import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import yargs from 'yargs';
import { KeyRing } from '../../lib/crypto/key-ring.ts';
import { cleanupVerb } from '../../lib/cli/cleanup.ts';
import { Output, type TextStream } from '../../lib/cli/output.ts';
import { scheduleVerb } from '../../lib/cli/schedule.ts';
import type { AnyVerb, CommandContext, CommonOptions } from '../../lib/cli/verb.ts';
import { loadSettings } from '../../lib/config/load-settings.ts';
import { systemClock, systemRandom } from '../../lib/core/clock.ts';
import { RunEvents } from '../../lib/core/events.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { en } from '../../lib/messages/en/index.ts';
import { ja } from '../../lib/messages/ja/index.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ai-backup-schedule-'));
  mkdirSync(join(root, 'config'));
  mkdirSync(join(root, 'state'));
  writeFileSync(join(root, 'state', 'queue.json'), '{"jobs": 3}');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const settings = (backup: Record<string, unknown>): void =>
  writeFileSync(join(root, 'config', 'config.json'), JSON.stringify({ backup }));

interface Ran {
  /** The exit code, or the code of the error. */
  outcome: number | string;
  stdout: string;
  stderr: string;
}

interface RunOptions {
  language?: 'en' | 'ja';
  controller?: AbortController;
  /** What aborts the run, as soon as this stands in its standard output. */
  stopAt?: { text: string; reason: string };
}

/** Runs a verb as the command line does, with its output in files. */
async function run(verb: AnyVerb, args: string[], options: RunOptions = {}): Promise<Ran> {
  const files = { stdout: join(root, 'stdout.txt'), stderr: join(root, 'stderr.txt') };
  const controller = options.controller ?? new AbortController();
  const streams = [openSync(files.stdout, 'w'), openSync(files.stderr, 'w')] as const;
  const stream = (fd: number): TextStream => ({ fd, isTTY: false }) as TextStream;
  const messages = options.language === 'ja' ? ja : en;
  let outcome: number | string = 'not run';
  const watch = setInterval(() => {
    const { stopAt } = options;
    if (stopAt !== undefined && readFileSync(files.stdout, 'utf8').includes(stopAt.text))
      controller.abort(stopAt.reason);
  }, 20);
  const program = verb(
    yargs(args)
      .exitProcess(false)
      .strict()
      .fail((problem: string, error: Error | undefined) => {
        throw error ?? new Error(problem);
      }) as unknown as Parameters<AnyVerb>[0],
    async (common, body) => {
      const load = () => loadSettings({ root, environment: {} });
      const context: CommandContext = {
        common,
        language: options.language ?? 'en',
        messages,
        output: new Output({
          json: args.includes('--json'),
          progress: false,
          quiet: false,
          verbose: false,
          color: false,
          stdout: stream(streams[0]),
          stderr: stream(streams[1]),
        }),
        root,
        configFile: undefined,
        workingFolder: root,
        environment: {},
        signal: controller.signal,
        loadSettings: load,
        open: async () => ({
          settings: await load(),
          clock: systemClock,
          random: systemRandom,
          keys: KeyRing.without(),
          environment: {},
          host: 'host',
          events: new RunEvents(),
          signal: controller.signal,
          retryLockSeconds: 0,
          databaseTimeoutSeconds: 15,
        }),
      };
      try {
        outcome = await body(context);
      } catch (error) {
        if (!isBackupError(error)) throw error;
        outcome = error.code;
      }
    },
    messages,
  );
  try {
    await (
      program.option('json', { type: 'boolean' }) as unknown as { parseAsync(): Promise<CommonOptions> }
    ).parseAsync();
  } finally {
    clearInterval(watch);
    for (const fd of streams) closeSync(fd);
  }
  return { outcome, stdout: readFileSync(files.stdout, 'utf8'), stderr: readFileSync(files.stderr, 'utf8') };
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('schedule --list', () => {
  test('shows each schedule with its next runs in its own time zone', async () => {
    settings({
      schedule: {
        nightly: { cron: '30 2 * * *', mode: 'full', targets: ['state'] },
        weekly: { cron: '0 3 * * 0', timezone: 'UTC' },
      },
      timezone: 'Asia/Tokyo',
    });
    const { outcome, stdout } = await run(scheduleVerb, ['schedule', '--list']);
    expect(outcome).toBe(0);
    expect(stdout).toMatch(/nightly.*30 2 \* \* \*.*full.*state.*Asia\/Tokyo.*02:30:00/);
    expect(stdout).toMatch(/weekly.*0 3 \* \* 0.*all.*UTC.*03:00:00/);
  });

  test('--json gives the runs as instants', async () => {
    settings({ schedule: '30 2 * * *', timezone: 'Asia/Tokyo', enabled: false });
    const { stdout, outcome } = await run(scheduleVerb, ['schedule', '--list', '--json']);
    const [document] = lines(stdout);
    expect(outcome).toBe(0);
    expect(document).toMatchObject({
      enabled: false,
      schedules: [{ name: 'default', cron: '30 2 * * *', timezone: 'Asia/Tokyo' }],
    });
    const { nextRuns } = (document?.['schedules'] as { nextRuns: string[] }[])[0]!;
    expect(nextRuns).toHaveLength(3);
    for (const run of nextRuns) expect(run).toMatch(/T17:30:00.000Z$/);
  });

  test('without a schedule says how to set one', async () => {
    settings({});
    expect((await run(scheduleVerb, ['schedule', '--list'])).outcome).toBe('SCHEDULE_NONE');
    expect((await run(scheduleVerb, ['schedule'])).outcome).toBe('SCHEDULE_NONE');
  });
});

describe('schedule --once', () => {
  test('makes the backup of the schedule and cleans up', async () => {
    settings({ schedule: { nightly: { cron: '30 2 * * *', targets: ['state'] } }, maxBackups: 1 });
    await run(scheduleVerb, ['schedule', '--once', 'nightly']);
    const { outcome, stdout } = await run(scheduleVerb, ['schedule', '--once', 'nightly', '--json']);
    expect(outcome).toBe(0);
    const [document] = lines(stdout);
    expect(document).toMatchObject({
      schedule: 'nightly',
      outcome: 'done',
      backup: { type: 'scheduled', targets: { state: { files: 1 } } },
      cleanup: { remove: [{ reasons: [{ code: 'over-count', count: 1 }] }] },
    });
    expect(readdirSync(join(root, 'backups')).filter((name) => name.endsWith('.tar.gz'))).toHaveLength(1);
  });

  test('an unknown name is an error', async () => {
    settings({ schedule: '30 2 * * *' });
    expect((await run(scheduleVerb, ['schedule', '--once', 'hourly'])).outcome).toBe('SCHEDULE_UNKNOWN');
  });
});

describe('schedule --schedule-type', () => {
  const file = (): string => readFileSync(join(root, 'config', 'config.json'), 'utf8');

  test('writes named schedules beside each other, and keeps the comments of the file', async () => {
    writeFileSync(join(root, 'config', 'config.json'), '{ "backup": {\n  // mine\n  "maxBackups": 5\n} }\n');
    const daily = ['--schedule-type', 'daily', '--time', '02:00', '--backup-type', 'full'];
    expect((await run(scheduleVerb, ['schedule', ...daily])).outcome).toBe(0);
    const weekly = ['--schedule-type', 'weekly', '--time', '3:05', '--retention-days', '60', '--json'];
    const { stdout } = await run(scheduleVerb, ['schedule', ...weekly]);
    expect(lines(stdout)[0]).toMatchObject({
      schedule: { name: 'weekly', cron: '5 3 * * 0' },
      retention: { days: 60 },
    });
    expect(file()).toContain('// mine');
    const set = await loadSettings({ root, environment: {} });
    expect(set.schedules).toEqual([
      { name: 'daily', cron: '0 2 * * *', mode: 'full' },
      { name: 'weekly', cron: '5 3 * * 0' },
    ]);
    expect(set.retention).toEqual({ days: 60, count: 5 });
  });

  test('takes the place of a lone expression, and says so; a plain number of days is replaced', async () => {
    settings({ schedule: '30 2 * * *', retention: 30 });
    const { stdout } = await run(scheduleVerb, ['schedule', '--schedule-type', 'monthly', '--retention-days', '90']);
    expect(stdout).toMatch(/place of the lone schedule 30 2 \* \* \*/);
    const set = await loadSettings({ root, environment: {} });
    expect(set.schedules).toEqual([{ name: 'monthly', cron: '0 2 1 * *' }]);
    expect(set.retention).toEqual({ days: 90 });
  });

  test('refuses a time or days that are none, and writes nothing', async () => {
    settings({});
    const before = file();
    const daily = ['schedule', '--schedule-type', 'daily'];
    expect((await run(scheduleVerb, [...daily, '--time', '25:00'])).outcome).toBe('OPTION_INVALID');
    expect((await run(scheduleVerb, [...daily, '--retention-days', '0'])).outcome).toBe('OPTION_INVALID');
    await expect(run(scheduleVerb, ['schedule', '--time', '02:00'])).rejects.toThrow();
    expect(file()).toBe(before);
  });
});

describe('schedule', () => {
  test('runs again and again, and tells of each event in a JSON line', async () => {
    settings({ schedule: { often: '* * * * * *' } });
    const { stdout } = await run(scheduleVerb, ['schedule', '--json'], {
      stopAt: { text: '"message_type":"run"', reason: 'SIGTERM' },
    });
    const events = lines(stdout);
    expect(events[0]).toMatchObject({ message_type: 'status', schedule: 'often', state: 'waiting' });
    expect(events.find((event) => event['message_type'] === 'run')).toMatchObject({
      outcome: 'done',
      backup: { type: 'scheduled' },
      cleanup: { remove: [] },
    });
    expect(events.at(-1)).toMatchObject({ message_type: 'summary' });
  });

  test('that is idle ends with 0 on SIGTERM, and with 130 on Ctrl-C', async () => {
    settings({ schedule: { nightly: '30 2 * * *' }, timezone: 'Asia/Tokyo' });
    const stop = (reason: string) => run(scheduleVerb, ['schedule'], { stopAt: { text: 'nightly: next run', reason } });
    const terminated = await stop('SIGTERM');
    expect(terminated.stdout).toMatch(/nightly: next run .* 02:30:00 \(Asia\/Tokyo\)\nStopped after 0 runs/);
    expect(terminated.outcome).toBe(0);
    expect((await stop('SIGINT')).outcome).toBe(130);
  });

  test('goes on after a failed run and names it', async () => {
    settings({ schedule: { often: '* * * * * *' }, storage: { path: './backups' } });
    writeFileSync(join(root, 'backups'), 'a file stands in the way');
    const { outcome, stdout } = await run(scheduleVerb, ['schedule', '--json'], {
      stopAt: { text: '"state":"started"', reason: 'SIGINT' },
    });
    expect(outcome).toBe(130);
    expect(lines(stdout).find((event) => event['message_type'] === 'run')).toMatchObject({
      outcome: 'failed',
      error: { code: 'WRITE_FAILED' },
    });
  });

  test('says that backups are switched off, and ends', async () => {
    settings({ schedule: '30 2 * * *', enabled: false });
    const { outcome, stderr } = await run(scheduleVerb, ['schedule']);
    expect(outcome).toBe(0);
    expect(stderr).toMatch(/switched off/);
  });
});

describe('cleanup', () => {
  test('shows what is kept and removed and why, in both languages', async () => {
    settings({ schedule: { nightly: '30 2 * * *' } });
    await run(scheduleVerb, ['schedule', '--once', 'nightly']);
    await run(scheduleVerb, ['schedule', '--once', 'nightly']);

    const planned = await run(cleanupVerb, ['cleanup', '--keep-count', '1', '--dry-run']);
    expect(planned.stdout).toMatch(/remove\s+not among the newest 1/);
    expect(planned.stdout).toMatch(/Would remove 1 of 2 backups/);
    const done = await run(cleanupVerb, ['cleanup', '--keep-count', '1'], { language: 'ja' });
    expect(done.outcome).toBe(0);
    expect(done.stdout).toMatch(/保持\s+最新の完全なバックアップ/);
    expect(done.stdout).toMatch(/2 件のうち 1 件を削除/);
    const json = await run(cleanupVerb, ['cleanup', '--json']);
    expect(lines(json.stdout)[0]).toMatchObject({ dryRun: false, remove: [], freedBytes: 0 });
  });

  test('refuses a limit that is no number', async () => {
    settings({});
    for (const value of ['many', '0', '1.5', '']) {
      expect((await run(cleanupVerb, ['cleanup', `--keep-days=${value}`])).outcome).toBe('OPTION_INVALID');
    }
  });
});
