import { define, exitCode } from './error-definition.ts';

/** The command that brings a safety backup back, for a POSIX shell. */
export function undoCommand(safetyBackup: string, root = '.'): string {
  const word = /^[\w@%+=:,./-]+$/.test(root) ? root : `'${root.replaceAll("'", "'\\''")}'`;
  return `npm run backup:restore -- ${safetyBackup} --delete-extra --root ${word}`;
}

/** Errors of a restore, and of what it would write. */
export const restoreErrors = {
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
        ? 'Files such as .env hold secrets and are never stored unencrypted. Give a key with --encryption-key FILE, and the safety backup keeps them, encrypted. Or put your own copy of them elsewhere and give --skip-backup to go on without a safety backup; or leave them out with --include or --targets.'
        : 'Make these files readable or copy them elsewhere; leave them out with --include or --targets; or give --skip-backup to go on without a safety backup and lose what is in them.',
  })),
  CONFIRMATION_NEEDED: define<{ command: string }>(exitCode.usage, (p) => ({
    message: `${p.command} changes files and needs your word, but there is no terminal to ask on.`,
    hint: 'Look at the plan with --dry-run, then give --yes.',
  })),
  NOT_CONFIRMED: define<Record<never, never>>(exitCode.failed, () => ({
    message: 'Stopped: not confirmed. Nothing was changed.',
  })),
  RESTORE_DIFFERS: define<{ backup: string; path: string }>(exitCode.problemFound, (p) => ({
    message: `${p.path} was restored from ${p.backup}, but what was read back differs.`,
    hint: 'Did an application write to it meanwhile? If not, check the disk; the safety backup holds what was there before.',
  })),
  UNSAFE_ENTRY: define<{ archive: string; path: string; reason: string }>(exitCode.problemFound, (p) => ({
    message: `${p.archive} holds an entry that would be written outside the destination: ${JSON.stringify(p.path)} (${p.reason}). Nothing was written.`,
    hint: 'This archive was not made by this toolkit, or someone changed it. Do not restore it.',
  })),
  /** `paths`: two of the backup. */
  NAMES_COLLIDE: define<{ destination: string; paths: string[] }>(exitCode.failed, (p) => ({
    message: `${p.paths.map((path) => JSON.stringify(path)).join(' and ')} are two of the backup, and one to the filesystem of ${p.destination}. Nothing was changed there.`,
    hint: 'Restore to a filesystem that tells them apart (--to), or one after the other with --include.',
  })),
  CONTENT_MISMATCH: define<{ backup: string; path: string; problem: string }>(exitCode.problemFound, (p) => ({
    message: `Backup ${p.backup}: ${p.path} is not what the manifest says (${p.problem}). Nothing was changed.`,
    hint: `Run \`npm run backup:verify -- ${p.backup} --check-content\` to see everything that is damaged. \`npm run backup:restore -- ${p.backup} --force\` restores what is whole.`,
  })),
} as const;
