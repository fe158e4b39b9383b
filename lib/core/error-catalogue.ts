/**
 * Every error that the toolkit raises on purpose: its exit code and its English sentences.
 *
 * A sentence says what failed, on which named thing; the hint says what to do next. Parameters are what the sentences
 * need and never hold a secret. `messages/ja/errors.ts` holds the same keys in Japanese.
 */

/** What a person reads about one error. */
export interface ErrorText {
  message: string;
  hint?: string;
}

/** The exit codes of every command (docs: `docs/commands.md`). */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  problemFound: 4,
  notFound: 10,
  locked: 11,
  key: 12,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

interface ErrorDefinition<P> {
  exitCode: ExitCode;
  text: (params: P) => ErrorText;
}

const define = <P>(code: ExitCode, text: (params: P) => ErrorText): ErrorDefinition<P> => ({ exitCode: code, text });

/** The command that brings a safety backup back, for a POSIX shell. */
export function undoCommand(safetyBackup: string, root = '.'): string {
  const word = /^[\w@%+=:,./-]+$/.test(root) ? root : `'${root.replaceAll("'", "'\\''")}'`;
  return `npm run backup:restore -- ${safetyBackup} --delete-extra --root ${word}`;
}

/** How to get a broken settings file back, for one in the usual place; empty for others. */
function restoreSettingsHint(file: string): string {
  const command = restoreSettingsCommand(file);
  return command === undefined
    ? ''
    : `\nTo get it back from the newest backup:\n  ${command}\nIf the backups are not in ./backups, write {"backup": {"storage": {"path": "…"}}} instead of {}.`;
}

/** The command that restores a settings file in its usual place without reading it; for a POSIX shell. */
export function restoreSettingsCommand(file: string): string | undefined {
  const name = /(?:^|\/)(config\/(?:backup_)?config\.json)$/.exec(file)?.[1];
  return name === undefined
    ? undefined
    : `echo '{}' > /tmp/empty.json && npm run backup:restore -- latest --include ${name} --config /tmp/empty.json`;
}

export const errorCatalogue = {
  USAGE: define<{ problem: string; hint?: string }>(exitCode.usage, (p) => ({
    message: p.problem,
    hint: p.hint ?? 'Run the command with --help to see its options.',
  })),
  OPTION_INVALID: define<{ option: string; value: string; expected: string }>(exitCode.usage, (p) => ({
    message: `Option --${p.option}: ${JSON.stringify(p.value)} is not valid; expected ${p.expected}.`,
    hint: 'Run the command with --help to see its options.',
  })),
  VARIABLE_INVALID: define<{ name: string; value: string; expected: string }>(exitCode.usage, (p) => ({
    message: `The environment variable ${p.name} is ${JSON.stringify(p.value)}; expected ${p.expected}.`,
    hint: 'Set it to that, or unset it.',
  })),
  CONFIG_UNREADABLE: define<{ file: string; reason: string }>(exitCode.usage, (p) => ({
    message: `The settings file ${p.file} could not be read: ${p.reason}.`,
    hint: 'Check that the file exists and that you may read it, or name another one with --config.',
  })),
  CONFIG_SYNTAX: define<{ file: string; line: number; column: number; reason: string }>(exitCode.usage, (p) => ({
    message: `The settings file ${p.file} is not valid JSON at line ${p.line}, column ${p.column}: ${p.reason}.`,
    hint: `Comments and trailing commas are fine; look for a missing quote, comma or brace at that place.${restoreSettingsHint(p.file)}`,
  })),
  /**
   * `problems` holds one finished sentence each: key, what was found, what is expected, nearest known key. `asked`: the
   * keys of a change that was refused for them.
   */
  CONFIG_INVALID: define<{ file: string; problems: string[]; asked?: string[] }>(exitCode.usage, (p) => {
    const problems = p.problems.map((problem) => `  - ${problem}`).join('\n');
    return p.asked === undefined
      ? {
          message: `The settings in ${p.file} are not valid:\n${problems}`,
          hint: 'Run `backup:config --check` after mending them.',
        }
      : {
          message: `Option --set-option ${p.asked.join(', ')}: the settings would not be valid:\n${problems}`,
          hint: `Nothing was changed in ${p.file}.`,
        };
  }),
  PACKAGE_UNREADABLE: define<{ file: string; reason: string }>(exitCode.usage, (p) => ({
    message: `${p.file} is not one that npm can read: ${p.reason}. Nothing was changed.`,
    hint: 'Mend it (`npm pkg get name` shows whether npm reads it), then run `ai-backup init` again.',
  })),
  TARGET_UNKNOWN: define<{ name: string; known: string[]; nearest?: string }>(exitCode.usage, (p) => ({
    message: `There is no target ${JSON.stringify(p.name)}${p.nearest === undefined ? '' : `; did you mean ${JSON.stringify(p.nearest)}?`}`,
    hint: `Known targets: ${p.known.join(', ')}.`,
  })),
  CODEC_UNAVAILABLE: define<{ codec: string; missing: string }>(exitCode.usage, (p) => ({
    message: `Compression ${p.codec} is not available here: it needs ${p.missing}.`,
    hint: 'Choose another --compression, or run where there is one.',
  })),
  /** `backup`: the one that was to be built on; `archive`: a path of its chain. */
  BASE_UNUSABLE: define<{ backup: string; archive: string; reason: string }>(exitCode.failed, (p) => ({
    message: `No backup can build on ${p.backup}: ${p.archive}: ${p.reason}. Nothing was written.`,
    hint: 'Bring the archive back beside the others, name another base with --base-backup, or make a new full backup with --mode full.',
  })),
  BASE_ENCRYPTED: define<{ backup: string }>(exitCode.key, (p) => ({
    message: `No backup can build on ${p.backup}: it is encrypted, and this version has no key for it. Nothing was written.`,
    hint: 'Name another base with --base-backup, or make a new full backup with --mode full.',
  })),
  BACKUP_NOT_NEWEST: define<{ backup: string; newest: string }>(exitCode.usage, (p) => ({
    message: `${p.backup} is not the newest backup, ${p.newest} is: a backup made from it now would pass for the latest state. Nothing was written.`,
    hint: 'Consolidate the newest one; it holds what its chain holds.',
  })),
  ENCRYPTION_UNAVAILABLE: define<Record<never, never>>(exitCode.usage, () => ({
    message: 'Encryption was asked for, but this version does not encrypt. Nothing was written.',
    hint: 'Set storage.encrypt to false to make a backup without encryption.',
  })),
  /** `file`: set where the name is a path; there is nothing at it. */
  BACKUP_NOT_FOUND: define<{ name: string; store: string; nearest?: string; file?: string }>(
    exitCode.notFound,
    (p) => ({
      message:
        p.file !== undefined
          ? `There is no such file: ${p.file}.`
          : `There is no backup ${JSON.stringify(p.name)} in ${p.store}${p.nearest === undefined ? '.' : `; the nearest is ${p.nearest}.`}`,
      hint: 'Run `backup:list` to see the backups that there are.',
    }),
  ),
  BACKUP_AMBIGUOUS: define<{ name: string; matches: string[] }>(exitCode.notFound, (p) => ({
    message: `${JSON.stringify(p.name)} fits ${p.matches.length} backups: ${p.matches.join(', ')}.`,
    hint: 'Give more letters of the ID.',
  })),
  STORE_NOT_FOUND: define<{ store: string }>(exitCode.notFound, (p) => ({
    message: `There is no backup store at ${p.store}.`,
    hint: 'Run `backup:create` to make the first backup, or set storage.path to where the backups are.',
  })),
  STORE_EMPTY: define<{ store: string }>(exitCode.notFound, (p) => ({
    message: `The store ${p.store} holds no complete backup.`,
    hint: 'Run `backup:create` to make one.',
  })),
  STORE_UNREADABLE: define<{ store: string; reason: string }>(exitCode.failed, (p) => ({
    message: `The backup store ${p.store} could not be looked into (${p.reason}).`,
    hint: 'Check that it is a folder and that you may read it, or set storage.path to where the backups are.',
  })),
  /** Refused to this user; nothing is known of what is in it. */
  BACKUP_UNREADABLE: define<{ path: string; reason: string }>(exitCode.failed, (p) => ({
    message: `${p.path} could not be read (${p.reason}); whether it is whole is not known.`,
    hint: 'Run it as the user whose backups these are, or give this user the right to read them.',
  })),
  STORE_READ_ONLY: define<{ store: string; reason: string }>(exitCode.failed, (p) => ({
    message: `The store ${p.store} cannot be written to (${p.reason}).`,
    hint: 'Check its permissions and whether its filesystem is mounted read-only, or set storage.path to another place.',
  })),
  STORE_LOCKED: define<{ store: string; holder?: string; waitedSeconds: number }>(exitCode.locked, (p) => ({
    message: `Another run holds the lock of ${p.store}${p.holder === undefined ? '' : ` (${p.holder})`}; gave up after ${p.waitedSeconds} s.`,
    hint: 'Wait for it to end, or give --retry-lock SECONDS to wait longer.',
  })),
  NO_SPACE: define<{ path: string; operation: string }>(exitCode.failed, (p) => ({
    message: `No space left on the filesystem of ${p.path} while ${p.operation}. What was half-written has been removed.`,
    hint: 'Free some space (`backup:cleanup --dry-run` shows what old backups would give), then run it again.',
  })),
  WRITE_FAILED: define<{ path: string; operation: string; reason: string }>(exitCode.failed, (p) => ({
    message: `Could not write ${p.path} while ${p.operation}: ${p.reason}.`,
    hint: 'Check the path, its permissions and the disk.',
  })),
  ROOT_NOT_FOUND: define<{ root: string }>(exitCode.usage, (p) => ({
    message: `The project root ${p.root} is not a folder.`,
    hint: 'Give the folder of your project with --root or BACKUP_ROOT.',
  })),
  NOTHING_TO_BACK_UP: define<{ root: string; targets: string[] }>(exitCode.failed, (p) => ({
    message: `Nothing to back up: none of the sources of ${p.targets.join(', ')} exists in ${p.root}.`,
    hint: 'Run `backup:init` to find what is worth protecting, or set targets in config/config.json.',
  })),
  /** `isOfChain`: other archives hold a part of the backup. */
  ARCHIVE_DAMAGED: define<{ archive: string; problem: string; isMissing?: boolean; isOfChain?: boolean }>(
    exitCode.problemFound,
    (p) => ({
      message: `The archive ${p.archive} is damaged: ${p.problem}.`,
      hint:
        p.isMissing === true
          ? `Put it back at that path, or restore from another backup: \`npm run backup:list\` shows which there are.${p.isOfChain === true ? ' With --force you get what rests in the other archives of its chain.' : ''}`
          : 'Restore from another backup; or see with `backup:verify --check-content` how much is whole, and restore that with --force.',
    }),
  ),
  ARCHIVE_UNKNOWN: define<{ archive: string; reason: string }>(exitCode.problemFound, (p) => ({
    message: `${p.archive} is not an archive that can be read here: ${p.reason}.`,
    hint: 'Archives are .tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst and .zip files.',
  })),
  MANIFEST_DAMAGED: define<{ backup: string; problem: string }>(exitCode.problemFound, (p) => ({
    message: `The manifest of ${p.backup} is damaged: ${p.problem}.`,
    hint: 'If its archive is there, name the archive file itself: it holds a copy of the manifest.',
  })),
  CONTENT_MISMATCH: define<{ backup: string; path: string; problem: string }>(exitCode.problemFound, (p) => ({
    message: `Backup ${p.backup}: ${p.path} is not what the manifest says (${p.problem}). Nothing was changed.`,
    hint: `Run \`npm run backup:verify -- ${p.backup} --check-content\` to see everything that is damaged. \`npm run backup:restore -- ${p.backup} --force\` restores what is whole.`,
  })),
  RESTORE_DIFFERS: define<{ backup: string; path: string }>(exitCode.problemFound, (p) => ({
    message: `${p.path} was restored from ${p.backup}, but what was read back differs.`,
    hint: 'Did an application write to it meanwhile? If not, check the disk; the safety backup holds what was there before.',
  })),
  UNSAFE_ENTRY: define<{ archive: string; path: string; reason: string }>(exitCode.problemFound, (p) => ({
    message: `${p.archive} holds an entry that would be written outside the destination: ${JSON.stringify(p.path)} (${p.reason}). Nothing was written.`,
    hint: 'This archive was not made by this toolkit, or someone changed it. Do not restore it.',
  })),
  EXTRA_UNKNOWN: define<{ archive: string }>(exitCode.usage, (p) => ({
    message: `${p.archive} does not say what it covers, so it cannot be told what is extra to it.`,
    hint: 'Leave --delete-extra out: it needs a backup that this toolkit made.',
  })),
  DESTINATION_NOT_A_FOLDER: define<{ destination: string }>(exitCode.failed, (p) => ({
    message: `The destination ${p.destination} is a file, not a folder. Nothing was written.`,
    hint: 'Give a folder with --to.',
  })),
  DESTINATION_IN_STORE: define<{ destination: string; store: string }>(exitCode.failed, (p) => ({
    message: `The destination ${p.destination} lies in the backup store ${p.store}. Nothing was written.`,
    hint: 'Give a folder outside the store with --to.',
  })),
  DESTINATION_BLOCKED: define<{ path: string; found: string; wanted: string }>(exitCode.failed, (p) => ({
    message: `${p.path} is a ${p.found} at the destination, but a ${p.wanted} in the backup. Nothing was changed.`,
    hint: 'Move it away, or restore to another folder with --to.',
  })),
  /** `paths`: each with the system's code, `/app/state (EACCES)`. */
  DESTINATION_UNWRITABLE: define<{ destination: string; paths: string[] }>(exitCode.failed, (p) => ({
    message: `The restore into ${p.destination} was not begun, for it could not be finished there: ${p.paths.join(', ')}. Nothing was changed.`,
    hint: 'Give this user the right to change them (EROFS: the filesystem is mounted read-only; EBUSY: the file is a mount of its own), or restore to another folder with --to.',
  })),
  /** `root` with `safetyBackup` only. `done` and `total` count files, links and databases. */
  RESTORE_PARTIAL: define<{
    backup: string;
    destination: string;
    done: number;
    total: number;
    reason: string;
    safetyBackup?: string;
    root?: string;
  }>(exitCode.failed, (p) => ({
    message: `The restore of ${p.backup} into ${p.destination} is only partly done: ${p.done} of ${p.total} entries are in place, then it failed. ${p.reason}.`,
    hint:
      p.safetyBackup === undefined
        ? 'There is no safety backup of what was there before. Mend the cause and run the same restore again: it goes on where this one stopped.'
        : `What was there before is in ${p.safetyBackup}. To get it back:\n  ${undoCommand(p.safetyBackup, p.root)}\nOr mend the cause and run the same restore again: it goes on where this one stopped.`,
  })),
  SAFETY_INCOMPLETE: define<{ paths: string[]; count: number; secrets: number }>(exitCode.failed, (p) => ({
    message: `The safety backup does not hold what would be overwritten: ${p.paths.join(', ')}${p.count > p.paths.length ? ` and ${p.count - p.paths.length} more` : ''}. Nothing was changed.`,
    hint:
      p.secrets > 0
        ? 'Files such as .env hold secrets and are never stored unencrypted. Put your own copy of them elsewhere and give --skip-backup to go on without a safety backup; or leave them out with --include or --targets.'
        : 'Make these files readable or copy them elsewhere; leave them out with --include or --targets; or give --skip-backup to go on without a safety backup and lose what is in them.',
  })),
  CONFIRMATION_NEEDED: define<{ command: string }>(exitCode.usage, (p) => ({
    message: `${p.command} changes files and needs your word, but there is no terminal to ask on.`,
    hint: 'Look at the plan with --dry-run, then give --yes.',
  })),
  NOT_CONFIRMED: define<Record<never, never>>(exitCode.failed, () => ({
    message: 'Stopped: not confirmed. Nothing was changed.',
  })),
  DATABASE_LOCKED: define<{ database: string; waitedSeconds: number }>(exitCode.failed, (p) => ({
    message: `The database ${p.database} stayed locked by another process for ${p.waitedSeconds} s.`,
    hint: 'Let the process that holds it end its transaction, then run it again.',
  })),
  DATABASE_CORRUPT: define<{ database: string; problem: string }>(exitCode.failed, (p) => ({
    message: `The database ${p.database} is corrupt: ${p.problem}.`,
    hint: 'Restore it from an older backup, or mend it with `sqlite3 FILE .recover`.',
  })),
  /** A copy whose pages or content are not those of its source: never believed. */
  DATABASE_COPY_FAILED: define<{ database: string; problem: string }>(exitCode.failed, (p) => ({
    message: `The database ${p.database} could not be copied whole: ${p.problem}.`,
    hint: 'Run it again; if it fails again, check the disk.',
  })),
  SQLITE_NOT_BUILT: define<Record<never, never>>(exitCode.failed, () => ({
    message: 'The library better-sqlite3 is not built for this Node.',
    hint: 'Run `npm rebuild better-sqlite3`. npm 12 and later need `npm install-scripts approve better-sqlite3` before it.',
  })),
  SCHEDULE_UNKNOWN: define<{ name: string; known: string[] }>(exitCode.usage, (p) => ({
    message: `There is no schedule ${JSON.stringify(p.name)}.`,
    hint:
      p.known.length === 0
        ? 'No schedule is set: give backup.schedule in config/config.json a cron expression.'
        : `Known schedules: ${p.known.join(', ')}.`,
  })),
  SCHEDULE_NONE: define<Record<never, never>>(exitCode.usage, () => ({
    message: 'No schedule is set.',
    hint: 'Give backup.schedule in config/config.json a cron expression such as "0 2 * * *".',
  })),
  INTERRUPTED: define<Record<never, never>>(exitCode.interrupted, () => ({
    message: 'Interrupted. Nothing half-made was left.',
  })),
  UNEXPECTED: define<{ problem: string }>(exitCode.failed, (p) => ({
    message: p.problem,
    hint: 'Run it again with --verbose to see where it failed.',
  })),
} as const;

export type ErrorCode = keyof typeof errorCatalogue;

/** The parameters that the sentences of one error need. */
export type ErrorParams<C extends ErrorCode> = Parameters<(typeof errorCatalogue)[C]['text']>[0];
