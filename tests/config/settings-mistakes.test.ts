import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../lib/config/load-settings.ts';
import { isBackupError } from '../../lib/core/errors.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'settings-')));
  mkdirSync(join(root, 'config'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The problems of a settings file's text; an empty list when it is valid. */
async function problemsOf(text: string, environment: Record<string, string> = {}): Promise<string[]> {
  writeFileSync(join(root, 'config/config.json'), text);
  try {
    await loadSettings({ root, environment });
    return [];
  } catch (error) {
    if (!isBackupError(error, 'CONFIG_INVALID')) throw error;
    expect(error.exitCode).toBe(2);
    return error.params.problems;
  }
}
const problemsIn = (backup: unknown): Promise<string[]> => problemsOf(JSON.stringify({ backup }));

test('every mistake is named at once, in the order of the file: key, line, value, expectation, nearest key', async () => {
  const problems = await problemsOf(`{
  "backup": {
    "enabeld": true,
    "timezone": "Asia/Tokio",
    "schedule": { "daily": { "cron": "61 * * * *", "targets": ["knowlege"] }, "nightly": 5 },
    "maxBackups": "ten",
    "storage": {
      "compresion": "gzip",
      "compression": "gzipp",
      "compressionLevel": 12.5,
      "fileMode": 600
    },
    "targets": { "databse": true, "logs": { "paths": "../x" } },
    "targets": { "databse": true, "logs": { "paths": "../x" }, "knowledge": ["kb"] }
  }
}`);
  expect(problems).toEqual(
    [
      'backup.enabeld (line 3): no such key (found true); did you mean "enabled"?',
      'backup.timezone (line 4): found "Asia/Tokio", expected an IANA time zone such as "Asia/Tokyo" or "UTC".',
      'backup.schedule.nightly (line 5): found 5, expected a cron expression, or an object with cron, mode, targets and timezone.',
      'backup.schedule.daily.cron (line 5): found "61 * * * *", expected a cron expression such as "0 2 * * *" (minute, hour, day, month, weekday).',
      'backup.schedule.daily.targets[0] (line 5): found "knowlege", expected a target\'s name (config, database, logs, agents, state, security, databse, knowledge); did you mean "knowledge"?',
      'backup.maxBackups (line 6): found "ten", expected a whole number of 1 or more.',
      'backup.storage.compression (line 9): found "gzipp", expected "none", "gzip", "bzip2", "xz" or "zstd"; did you mean "gzip"?',
      'backup.storage.compresion (line 8): no such key (found "gzip"); did you mean "compression"?',
      'backup.storage.compressionLevel (line 10): found 12.5, expected a whole number from 0 to 19.',
      'backup.storage.fileMode (line 11): found 600, expected an octal text such as "0640" that lets the owner in.',
      'backup.targets.logs.paths (line 13): found "../x", expected a path or glob below the project root, not absolute and without "..".',
      'backup.targets.databse (line 13): found true, expected a path, a list of paths, or an object with paths, exclude, groups and enabled; did you mean "database"?',
      'backup.targets (line 14): the key stands twice, and only one of the two can hold.',
    ].sort((a, b) => lineIn(a) - lineIn(b)),
  );
});

const lineIn = (sentence: string): number => Number(/\(line (\d+)\)/.exec(sentence)?.[1]);

describe('a key', () => {
  test.each([
    [{ maxbackup: 3 }, /"maxBackups"\?$/],
    [{ max_backups: 3 }, /"maxBackups"\?$/],
    [{ compression: 'gzip' }, /"storage\.compression"\?$/],
    [{ xyzzy: 1 }, /^backup\.xyzzy \(line 1\): no such key \(found 1\); expected one of enabled, schedule/],
    [{ retention: { weeks: 3 } }, /"weekly"\?$/],
    [{ targets: { logs: { path: 'x' } } }, /^backup\.targets\.logs\.path .*"paths"\?$/],
    [{ targets: { own: { path: 'x' } } }, /^backup\.targets\.own\.path .*"paths"\?$/],
    [{ retention: { perTarget: {} } }, /retention by target is not available/],
    [{ storage: { bucket: 'b' } }, /copies off this machine are not available/],
    [{ schedule: { daily: { cron: '0 2 * * *', retention: 3 } } }, /retention by schedule is not available/],
    [JSON.parse('{"__proto__": 1}'), /__proto__.*no such key/],
  ])('that does not exist: %j', async (backup, sentence) => {
    const problems = await problemsIn(backup);
    expect(problems[0]).toMatch(sentence);
  });
});

describe('a value', () => {
  test.each<[string, unknown, RegExp]>([
    ['backup', 5, /^backup \(line 1\): found 5, expected an object/],
    ['retention of nothing', { retention: 0 }, /retention .*found 0, expected a number of days|whole number/],
    ['a null', { retention: null }, /found null/],
    ['a negative count', { maxBackups: -1 }, /found -1, expected a whole number of 1 or more/],
    ['a level that gzip has not', { storage: { compressionLevel: 12 } }, /1 to 9, which is what gzip has/],
    [
      'a level that zstd has not',
      { storage: { compression: 'zstd', compressionLevel: 0 } },
      /1 to 19, which is what zstd/,
    ],
    [
      'a level that bzip2 has not',
      { storage: { compression: 'bzip2', compressionLevel: 0 } },
      /1 to 9, which is what bz/,
    ],
    [
      'a level that xz has not',
      { storage: { compression: 'xz', compressionLevel: 10 } },
      /0 to 9, which is what xz has/,
    ],
    ['a level that nothing has', { storage: { compressionLevel: 20 } }, /a whole number from 0 to 19/],
    ['a folder with an archive', { storage: { compress: false, format: 'zip' } }, /because storage\.compress is false/],
    ['an archive as a folder', { storage: { compress: true, format: 'directory' } }, /"tar" or "zip"/],
    ['zip with bzip2', { storage: { format: 'zip', compression: 'bzip2' } }, /"gzip" or "none"/],
    ['zip with xz', { storage: { format: 'zip', compression: 'xz' } }, /"gzip" or "none"/],
    ['zip with zstd', { storage: { format: 'zip', compression: 'zstd' } }, /"gzip" or "none"/],
    ['a store off this machine', { storage: { type: 's3' } }, /expected "local"; copies off this machine/],
    ['the root as store', { storage: { path: '.' } }, /not the project root itself/],
    ['a home that is not there', { storage: { path: '~/x' } }, /HOME/],
    ['a home of another', { storage: { path: '~bob/x' } }, /HOME/],
    ['a mode that locks the owner out', { storage: { fileMode: '0044' } }, /lets the owner in/],
    ['a name shared by all archives', { storage: { archiveName: 'backup' } }, /no two backups share it/],
    ['a name with a folder', { storage: { archiveName: 'x/{id}' } }, /without folders/],
    ['a name with an unknown field', { storage: { archiveName: '{id}-{year}' } }, /not \{year\}/],
    ['a time zone that is an offset', { timezone: '+09:00' }, /IANA/],
    ['an absolute path', { targets: { own: '/etc' } }, /below the project root/],
    ['a Windows path', { targets: { own: ['C:\\data'] } }, /below the project root/],
    ['a path that climbs', { targets: { own: { paths: 'a/../../b' } } }, /below the project root/],
    ['a path in the home', { targets: { own: '~/notes' } }, /below the project root/],
    ['a group that climbs', { targets: { own: { groups: { g: ['..'] } } } }, /groups\.g\[0\].*below the project root/],
    ['a switch in quotes', { targets: { logs: 'false' } }, /without quotes/],
    ['no paths', { targets: { own: { exclude: ['x'] } } }, /paths or groups in it/],
    ['an empty list', { targets: { own: [] } }, /found an empty list, expected a list of at least one path/],
    ['a name with a slash', { targets: { 'a/b': 'x' } }, /backup\.targets\["a\/b"\].*name of letters/],
    ['a group name with a dot', { targets: { own: { groups: { 'a.b': 'x' } } } }, /group's name/],
    ['a schedule without cron', { schedule: { daily: { mode: 'full' } } }, /daily\.cron .*found nothing/],
    ['two modes', { schedule: { d: { cron: '0 2 * * *', mode: 'full', type: 'incremental' } } }, /only one of the two/],
    [
      'a target that is off',
      { targets: { logs: false }, schedule: { d: { cron: '0 2 * * *', targets: ['logs'] } } },
      /switched off/,
    ],
    ['a word for cron', { schedule: 'daily' }, /cron expression/],
    [
      'nothing to do',
      {
        targets: {
          config: false,
          database: false,
          logs: false,
          agents: false,
          state: false,
          security: { enabled: false },
        },
      },
      /at least one target/,
    ],
  ])('that is impossible: %s', async (_name, backup, sentence) => {
    expect((await problemsIn(backup)).join('\n')).toMatch(sentence);
  });

  test('that is a secret is never repeated', async () => {
    const problems = await problemsOf(
      JSON.stringify({
        backup: {
          retention: '${DB_PASSWORD}',
          timezone: 'postgres://me:swordfish1@db/x',
          storage: { encryptionKey: 1234567, secretAccessKey: 'swordfish2', accesKey: 'swordfish3' },
        },
      }),
      { DB_PASSWORD: 'swordfish4' },
    );
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).not.toMatch(/swordfish|1234567/);
    expect(problems.join('\n')).toContain('<masked>');
  });

  test('may be anything at all: it is accepted, or refused in our own words', async () => {
    const keys = [
      'enabled',
      'schedule',
      'retention',
      'maxBackups',
      'storage',
      'targets',
      'exclude',
      'timezone',
      'logs',
      'path',
      'paths',
      'groups',
      'cron',
      'days',
      'x',
    ];
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 4 },
        fc.boolean(),
        fc.integer(),
        fc.double(),
        fc.string(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...keys), tie('any'), { maxKeys: 6 }),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...keys), value), async (backup) => {
        for (const problem of await problemsIn(backup)) {
          expect(problem).toMatch(/^backup.* \(line \d+\): .*(expected|no such key|not available)/s);
          expect(problem).not.toMatch(/Invalid|Unrecognized|received/);
        }
      }),
      { numRuns: 300 },
    );
  });
});
