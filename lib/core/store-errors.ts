import { define, exitCode } from './error-definition.ts';

/** Errors of stores, backups, archives and databases; and what fits nowhere else. */
export const storeErrors = {
  CODEC_UNAVAILABLE: define<{ codec: string; missing: string }>(exitCode.usage, (p) => ({
    message: `Compression ${p.codec} is not available here: it needs ${p.missing}.`,
    hint: 'Choose another --compression, or run where there is one.',
  })),
  /** `backup`: the one that was to be built on; `archive`: a path of its chain. */
  BASE_UNUSABLE: define<{ backup: string; archive: string; reason: string }>(exitCode.failed, (p) => ({
    message: `No backup can build on ${p.backup}: ${p.archive}: ${p.reason}. Nothing was written.`,
    hint: 'Bring the archive back beside the others, name another base with --base-backup, or make a new full backup with --mode full.',
  })),
  BACKUP_NOT_NEWEST: define<{ backup: string; newest: string }>(exitCode.usage, (p) => ({
    message: `${p.backup} is not the newest backup, ${p.newest} is: a backup made from it now would pass for the latest state. Nothing was written.`,
    hint: 'Consolidate the newest one; it holds what its chain holds.',
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
  /** `mode` (octal) where others may write there, `owner` (a user ID) where it is somebody else's. */
  STORE_OPEN: define<{ path: string; command: string; mode?: string; owner?: number }>(exitCode.failed, (p) => ({
    message:
      p.owner === undefined
        ? `Others can write to ${p.path} (mode ${p.mode}): they could replace backups, or remove them. Nothing was written.`
        : `${p.path} belongs to another user (ID ${p.owner}), who could replace backups, or remove them. Nothing was written.`,
    hint: `Run \`${p.command}\`${p.owner === undefined ? ' or `npm run backup:doctor -- --repair`' : ''}. If others are meant to write there, or the filesystem has no permissions, set storage.allowOthersToWrite to true.`,
  })),
  STORE_LOCKED: define<{ store: string; holder?: string; waitedSeconds: number }>(exitCode.locked, (p) => ({
    message: `Another run holds the lock of ${p.store}${p.holder === undefined ? '' : ` (${p.holder})`}; gave up after ${p.waitedSeconds} s.`,
    hint: 'Wait for it to end, or give --retry-lock SECONDS to wait longer.',
  })),
  /** `neededBytes`, `freeBytes`: known before anything was written. */
  NO_SPACE: define<{ path: string; operation: string; neededBytes?: number; freeBytes?: number }>(
    exitCode.failed,
    (p) => {
      const hint = 'Free some space (`backup:cleanup --dry-run` shows what old backups would give), then run it again.';
      return p.neededBytes === undefined
        ? {
            message: `No space left on the filesystem of ${p.path} while ${p.operation}. What was half-written has been removed.`,
            hint,
          }
        : {
            message: `${p.operation} takes ${p.neededBytes} bytes, and the filesystem of ${p.path} has ${p.freeBytes ?? 0} left. Nothing was written.`,
            hint: `${hint} Where most of it is holes of sparse files, restore with --force.`,
          };
    },
  ),
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
  INTERRUPTED: define<Record<never, never>>(exitCode.interrupted, () => ({
    message: 'Interrupted. Nothing half-made was left.',
  })),
  UNEXPECTED: define<{ problem: string }>(exitCode.failed, (p) => ({
    message: p.problem,
    hint: 'Run it again with --verbose to see where it failed.',
  })),
} as const;
