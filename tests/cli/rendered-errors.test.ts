import { describe, expect, test } from '@jest/globals';
import { errorCatalogue, type ErrorCode, type ErrorParams } from '../../lib/core/error-catalogue.ts';
import { BackupError } from '../../lib/core/errors.ts';
import { finding, findingCatalogue, type FindingCode, type FindingParams } from '../../lib/core/findings.ts';
import { describeError, describeFinding } from '../../lib/messages/describe.ts';

/** What each error is about in an example that really happens. A code without an example does not compile. */
const examples: { [C in ErrorCode]: ErrorParams<C>[] } = {
  USAGE: [{ problem: 'Unknown argument: tragets' }],
  OPTION_INVALID: [
    { option: 'compression-level', value: '99', expected: 'a whole number from 1 to 9 for gzip' },
    { option: 'name', value: '', expected: '1 to 200 printable characters' },
  ],
  VARIABLE_INVALID: [{ name: 'BACKUP_DATABASE_TIMEOUT', value: 'soon', expected: 'a number of seconds, such as 15' }],
  CONFIG_UNREADABLE: [{ file: '/app/config/config.json', reason: 'permission denied' }],
  CONFIG_SYNTAX: [{ file: '/app/config/config.json', line: 4, column: 5, reason: 'a comma is expected' }],
  CONFIG_INVALID: [
    {
      file: '/app/config/config.json',
      problems: [
        'backup.retension (line 3): no such key (found 30); did you mean "retention"?',
        'backup.storage.compressionLevel (line 5): found 99, expected a whole number from 0 to 19.',
        'backup.targets.logs.paths (line 8): found an empty list, expected a list of at least one path.',
        'backup.storage.compression (line 9): found "rar", expected "none", "gzip", "bzip2", "xz" or "zstd".',
        'backup.cloud (line 12): copies off this machine are not available in this version (found an object).',
      ],
    },
    {
      file: '/app/config/config.json',
      problems: ['backup.maxBackups: found "abc", expected a whole number of 1 or more.'],
      asked: ['maxBackups'],
    },
  ],
  PACKAGE_UNREADABLE: [{ file: '/app/package.json', reason: 'it is not an object' }],
  TARGET_UNKNOWN: [{ name: 'stat', known: ['config', 'state'], nearest: 'state' }],
  CODEC_UNAVAILABLE: [
    { codec: 'zstd', missing: 'Node 22.15 or later (this is v20.20.2)' },
    { codec: 'xz', missing: 'the program xz (install xz-utils)' },
  ],
  BASE_UNUSABLE: [{ backup: 'nightly', archive: '/app/backups/nightly.tar.gz', reason: 'it is missing' }],
  BACKUP_NOT_NEWEST: [{ backup: 'monday', newest: 'tuesday' }],
  ENCRYPTION_UNAVAILABLE: [{ reason: 'a plain tree cannot be encrypted' }],
  KEY_MISSING: [{}, { backup: 'nightly' }, { backup: 'nightly', needsPrivate: true }],
  KEY_WRONG: [{ backup: 'nightly', tried: ['BACKUP_ENCRYPTION_KEY', '--encryption-key (/keys/old.key)'] }],
  KEY_UNREADABLE: [
    { source: 'BACKUP_ENCRYPTION_KEY_COMMAND', reason: 'exit code 2: no such entry' },
    { source: '--encryption-key', reason: 'there is no such file' },
  ],
  KEY_INVALID: [{ source: 'BACKUP_ENCRYPTION_KEY_FILE (/keys/a.key)', problem: 'it is empty' }],
  KEY_FILE_EXISTS: [{ file: '/app/.ai-backup.key' }],
  KEY_PLACE_UNSAFE: [
    { path: '/app/backups/my.key', store: '/app/backups' },
    { path: '/app/config/my.key', target: 'config' },
  ],
  RECOVERY_KIT_EXISTS: [{ file: '/app/ai-backup-recovery-kit.html' }],
  KEY_ROTATED_BY_HAND: [
    { source: 'BACKUP_ENCRYPTION_KEY', kind: 'text' },
    { source: 'BACKUP_ENCRYPTION_KEY_COMMAND', kind: 'command' },
    { source: 'storage.encryptionKey', kind: 'settings' },
    { source: 'storage.recipients', kind: 'recipients' },
  ],
  REWRAP_UNAVAILABLE: [{ reason: 'no-recipients' }, { reason: 'passphrase' }],
  NOT_AUTHENTIC: [{ backup: 'nightly', problem: 'the MAC of its metadata.json is not right' }],
  NOT_ENCRYPTED: [{ backup: 'nightly' }, { backup: 'nightly', toConsolidate: true }],
  BACKUP_NOT_FOUND: [
    { name: 'nightly', store: '/app/backups' },
    { name: './none.tar.gz', store: '/app/backups', file: '/app/none.tar.gz' },
    {
      name: 'backup-2026-11-21T03-00-00-000Z-abc124',
      store: '/app/backups',
      nearest: 'backup-2026-11-21T03-00-00-000Z-abc123',
    },
  ],
  BACKUP_AMBIGUOUS: [{ name: 'backup-2026', matches: ['backup-2026-11-20T…', 'backup-2026-11-21T…'] }],
  STORE_NOT_FOUND: [{ store: '/app/backups' }],
  STORE_EMPTY: [{ store: '/app/backups' }],
  STORE_UNREADABLE: [{ store: '/app/backups', reason: 'EACCES' }],
  BACKUP_UNREADABLE: [
    {
      path: '/app/backups/backup-x/metadata.json',
      reason: 'EACCES; it belongs to user 0, mode 0600; this runs as user 1000',
    },
  ],
  STORE_READ_ONLY: [{ store: '/app/backups', reason: 'EROFS' }],
  STORE_OPEN: [
    { path: '/app/backups', mode: '0777', command: 'chmod 0700 /app/backups' },
    { path: '/app/backups/.state', owner: 1001, command: 'sudo chown -R "$(id -u)" /app/backups' },
  ],
  STORE_LOCKED: [
    { store: '/app/backups', waitedSeconds: 0, holder: 'create, process 4711 on host, since 2026-11-21T03:00:00.000Z' },
  ],
  NO_SPACE: [
    { path: '/app/backups', operation: 'writing the backup' },
    { path: '/app', operation: 'the restore', neededBytes: 1_000_000, freeBytes: 1000 },
  ],
  NAMES_COLLIDE: [{ destination: '/app', paths: ['state/App.json', 'state/app.json'] }],
  WRITE_FAILED: [
    { path: '/app/backups', operation: 'opening the store', reason: 'it is a file' },
    { path: '/restored', operation: 'restoring into it', reason: "EACCES: permission denied, mkdir '/restored/x'" },
  ],
  ROOT_NOT_FOUND: [{ root: '/nowhere' }],
  NOTHING_TO_BACK_UP: [{ root: '/app', targets: ['config', 'state'] }],
  ARCHIVE_DAMAGED: [
    { archive: '/app/backups/a.tar.gz', problem: 'it is missing', isMissing: true },
    { archive: '/app/backups/a.tar.gz', problem: 'it is missing', isMissing: true, isOfChain: true },
    { archive: 'a.tar.gz', problem: "frame 3: its SHA-256 is not the manifest's" },
    {
      archive: 'a.tar.gz',
      problem:
        'its compressed bytes are damaged (gzip: incorrect data check); 5 entries are whole, the last one reached is "state/a"',
    },
  ],
  ARCHIVE_UNKNOWN: [{ archive: '/tmp/folder', reason: 'it is a folder without metadata.json' }],
  MANIFEST_DAMAGED: [
    { backup: 'backup-x', problem: 'manifest.jsonl.gz is missing' },
    { backup: 'backup-x', problem: 'it does not have the checksum that metadata.json names' },
  ],
  CONTENT_MISMATCH: [{ backup: 'backup-x', path: 'state/a', problem: '3 bytes where 5 are expected' }],
  UNSAFE_ENTRY: [{ archive: 'a.tar.gz', path: '../../etc/passwd', reason: '".." in the path' }],
  EXTRA_UNKNOWN: [{ archive: '/tmp/foreign.tar.gz' }],
  DESTINATION_NOT_A_FOLDER: [{ destination: '/tmp/file' }],
  DESTINATION_IN_STORE: [{ destination: '/app/backups/x', store: '/app/backups' }],
  DESTINATION_UNWRITABLE: [{ destination: '/app', paths: ['/app/state (EACCES)', '/app/config/app.json (EBUSY)'] }],
  RESTORE_PARTIAL: [
    {
      backup: 'backup-2026-06-19T12-00-00-000Z-abc123',
      destination: '/srv/my app',
      done: 812,
      total: 4001,
      reason: 'Could not write /srv/my app/state/queue.json while putting it in its place: EIO: i/o error',
      safetyBackup: 'backup-2026-06-20T12-00-00-000Z-def456',
      root: '/srv/my app',
    },
    {
      backup: 'backup-2026-06-19T12-00-00-000Z-abc123',
      destination: '/tmp/look',
      done: 1,
      total: 2,
      reason: 'The database app.db stayed locked by another process for 15 s',
    },
  ],
  DESTINATION_BLOCKED: [{ path: '/app/state', found: 'link', wanted: 'folder' }],
  RESTORE_DIFFERS: [{ backup: 'backup-2026-06-19T12-00-00-000Z-abc123', path: 'config/app.json' }],
  SAFETY_INCOMPLETE: [
    { paths: ['config/app.json', 'state/a'], count: 2, secrets: 0 },
    { paths: ['.env', 'state/a'], count: 5, secrets: 1 },
  ],
  CONFIRMATION_NEEDED: [{ command: 'restore' }],
  NOT_CONFIRMED: [{}],
  DATABASE_LOCKED: [{ database: 'data/app.db', waitedSeconds: 15 }],
  DATABASE_CORRUPT: [{ database: 'data/app.db', problem: 'database disk image is malformed' }],
  DATABASE_COPY_FAILED: [{ database: 'data/app.db', problem: 'the copy is not like its source' }],
  SQLITE_NOT_BUILT: [{}],
  SCHEDULE_UNKNOWN: [
    { name: 'weekly', known: ['nightly'] },
    { name: 'weekly', known: [] },
  ],
  SCHEDULE_NONE: [{}],
  INTERRUPTED: [{}],
  UNEXPECTED: [{ problem: 'something else' }],
};

const codes = Object.keys(errorCatalogue) as ErrorCode[];

function examplesOf<C extends ErrorCode>(code: C): BackupError[] {
  return (examples[code] as ErrorParams<C>[]).map((params) => new BackupError(code, params) as unknown as BackupError);
}

test('what a failed restore leaves, as it is said', () => {
  const id = 'backup-2026-06-20T12-00-00-000Z-def456';
  const store = { store: '/app/backups', reason: 'EROFS' };
  const mismatch = { backup: 'backup-x', path: 'state/a', problem: '3 bytes where 5 are expected' };
  const errors: BackupError[] = [
    new BackupError('STORE_READ_ONLY', store, { aftermath: { isUnchanged: true, offersSkip: true } }),
    new BackupError('CONTENT_MISMATCH', mismatch, { aftermath: { isUnchanged: true, safetyBackup: id } }),
    new BackupError('INTERRUPTED', {}, { aftermath: { isUnchanged: true } }),
    new BackupError('INTERRUPTED', {}, { aftermath: { isUnchanged: false, safetyBackup: id } }),
  ].map((error) => error as unknown as BackupError);
  for (const error of errors) expect(describeError(error, 'en')).toMatchObject({ message: error.message });
  expect(errors.map((error) => [describeError(error, 'en'), describeError(error, 'ja')])).toMatchSnapshot();
});

/** As a person sees them: the wording of every error is reviewed here, in both languages. */
describe('every error, as it is said', () => {
  test.each(codes)('%s', (code) => {
    const said = examplesOf(code).map((error) => ({
      exitCode: error.exitCode,
      en: describeError(error, 'en'),
      ja: describeError(error, 'ja'),
    }));
    expect(said).toMatchSnapshot();
  });
});

const about: FindingParams = {
  path: 'data/app.db',
  target: 'database',
  reason: 'EACCES',
  kind: 'socket',
  expected: '12',
  found: '11',
  count: 3,
};

test('findings that pass on others, as they are said', () => {
  const causes = [finding('database-locked', { path: 'data/app.db', reason: 'after 15 s' })];
  const found = 'backup-2026-06-20T12-00-00-000Z-def456';
  const all = [
    finding('backup-incomplete', { causes, count: 2, found }),
    finding('backup-incomplete', { causes, count: 0 }),
    finding('in-safety-backup', { causes, found }),
  ];
  expect(all.map((one) => [describeFinding(one, 'en'), describeFinding(one, 'ja')])).toMatchSnapshot();
});

test('every finding, as it is said', () => {
  const said = (Object.keys(findingCatalogue) as FindingCode[]).map((code) => {
    const one = finding(code, about);
    return { code, en: describeFinding(one, 'en'), ja: describeFinding(one, 'ja') };
  });
  expect(said).toMatchSnapshot();
});
