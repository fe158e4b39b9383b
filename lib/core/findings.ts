import { maskParams } from './mask-params.ts';

/**
 * Warnings and problems: what a run noticed and went on after. They rest in metadata.json and in JSON output, so their
 * codes are stable; their English sentences come from here, and `messages/ja/findings.ts` holds the Japanese ones.
 */

export interface Finding {
  code: FindingCode;
  /** English, for programs' logs and for metadata.json. */
  message: string;
  /** The entry or file concerned, below the project root. */
  path?: string;
  target?: string;
  /** What made the sentence, so that it can be said in another language. */
  params: FindingParams;
}

export interface FindingParams {
  path?: string;
  target?: string;
  reason?: string;
  kind?: string;
  expected?: string;
  found?: string;
  /** What is kept together with `found`. */
  beside?: string;
  count?: number;
  /** What it follows from, or what it passes on. */
  causes?: Finding[];
}

interface FindingDefinition {
  /** True when data that should be in the backup is not: the backup is incomplete (exit 3). */
  incomplete: boolean;
  text: (p: FindingParams) => string;
}

const named = (p: FindingParams): string => p.path ?? p.target ?? '';
const some = (count: number | undefined, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

const causesOf = ({ causes = [] }: FindingParams): string => causes.map((one) => ` ${one.message}`).join('');

/** Why a full backup is made in place of another. */
function whyFull({ reason }: FindingParams): string {
  if (reason === 'other-key') return 'the newest backup is not encrypted as this one is to be, with the same key';
  if (reason === 'chain-long') return 'the chain is as long as incremental.maxIncrementals allows';
  if (reason === 'zip') return 'a zip always stands alone';
  return 'there is no complete backup of these targets to build on';
}

export const findingCatalogue = {
  // While a backup is made
  'file-unreadable': {
    incomplete: true,
    text: (p) => `${named(p)} could not be read (${p.reason}) and is not in the backup.`,
  },
  'folder-unreadable': {
    incomplete: true,
    text: (p) => `The folder ${named(p)} could not be read (${p.reason}); what is in it is not in the backup.`,
  },
  'file-vanished': { incomplete: false, text: (p) => `${named(p)} vanished while the backup ran and is not in it.` },
  'file-changed': {
    incomplete: false,
    text: (p) => `${named(p)} kept changing while it was read; the backup holds its last reading.`,
  },
  'special-file': { incomplete: false, text: (p) => `${named(p)} is a ${p.kind} and was left out.` },
  'source-missing': {
    incomplete: false,
    text: (p) => `${named(p)} (target ${p.target}) does not exist and was skipped.`,
  },
  'source-outside': {
    incomplete: true,
    text: (p) => `${named(p)} (target ${p.target}) leads out of the project through a link and was left out.`,
  },
  'source-link-outside': {
    incomplete: true,
    text: (p) =>
      `${named(p)} (target ${p.target}) is a link out of the project, to ${p.found}. It is kept as a link; what it leads to is not in the backup.`,
  },
  'source-link': {
    incomplete: false,
    text: (p) =>
      `${named(p)} (target ${p.target}) is a link to ${p.found}. It is kept as a link; what it leads to is in the backup only where a target names that path itself.`,
  },
  'folder-unsearched': {
    incomplete: false,
    text: (p) =>
      `The folder ${named(p)} could not be searched for databases (${p.reason}); one that lies in it is not in the backup.`,
  },
  'database-locked': {
    incomplete: true,
    text: (p) => `The database ${named(p)} stayed locked (${p.reason}); it is not in the backup.`,
  },
  'database-corrupt': {
    incomplete: true,
    text: (p) =>
      `The database ${named(p)} is corrupt (${p.reason}); its raw file is kept as ${p.found}${p.beside === undefined ? '' : `, its log beside it as ${p.beside}`}.${p.kind === 'no-header' ? ' If it is no database any more, give it another name, or exclude it.' : ''}`,
  },
  'database-unreadable': {
    incomplete: true,
    text: (p) => `The database ${named(p)} could not be copied (${p.reason}) and is not in the backup.`,
  },
  'database-unrecognized': {
    incomplete: false,
    text: (p) =>
      `${named(p)} has the name of a database and no SQLite header (encrypted, damaged, or something else). It is kept as an ordinary file, unchecked.`,
  },
  'secrets-left-out': {
    incomplete: false,
    text: (p) =>
      `${named(p)} holds secrets and was left out: ${p.reason === 'no-target' ? 'no target of this backup keeps it encrypted (security, by default)' : 'there is no key to encrypt it with. Give one: --encryption-key FILE, or BACKUP_ENCRYPTION_KEY_FILE'}.`,
  },
  /** `found`: the file's mode, octal. */
  'key-exposed': {
    incomplete: false,
    text: (p) => `Others can read the key file ${named(p)} (mode ${p.found}); \`chmod 600\` makes it yours alone.`,
  },
  'key-in-settings': {
    incomplete: false,
    text: () =>
      'The setting storage.encryptionKey holds the secret itself. Move it to the environment and write "${BACKUP_ENCRYPTION_KEY}" there.',
  },
  'mode-full': {
    incomplete: false,
    text: (p) => `Mode ${p.kind} was asked for, and a full backup was made: ${whyFull(p)}.`,
  },
  'base-unusable': {
    incomplete: false,
    text: (p) => `A full backup was made, because no backup can build on ${named(p)} (${p.reason}).`,
  },
  'since-left-out': {
    incomplete: false,
    text: (p) =>
      `${p.count} files have not changed since ${p.expected} and are not in any backup that this one builds on: left out, as --since asks.`,
  },
  'certificate-unreadable': {
    incomplete: false,
    text: (p) => `The certificate ${named(p)} could not be read (${p.reason}); there is no reference to it.`,
  },
  'clock-went-back': {
    incomplete: false,
    text: (p) =>
      `The clock went back: the ID of the newest backup, ${p.found}, is later than now. This one's ID comes just after it; its timestamp is the clock's.`,
  },
  'leftovers-removed': {
    incomplete: false,
    text: (p) => `Removed ${some(p.count, 'temporary file')} that an interrupted run had left.`,
  },
  /** `found`: the folder's mode, octal. */
  'store-readable': {
    incomplete: false,
    text: (p) =>
      `Others can look into the store ${named(p)} (mode ${p.found}). \`npm run backup:doctor -- --repair\` closes it.`,
  },
  /** `found`: the folder's mode, octal. */
  'store-swappable': {
    incomplete: false,
    text: (p) =>
      `Others can write to ${named(p)} (mode ${p.found}), the folder around the store: they could put another store in its place.`,
  },
  'more-findings': { incomplete: false, text: (p) => `${some(p.count, 'more finding')} not listed here.` },
  // While a backup is verified
  'archive-missing': { incomplete: false, text: (p) => `The archive ${named(p)} is missing.` },
  'archive-size': {
    incomplete: false,
    text: (p) => `The archive ${named(p)} has ${p.found} bytes; ${p.expected} are expected.`,
  },
  'archive-hash': {
    incomplete: false,
    text: (p) => `The archive ${named(p)} does not have the SHA-256 that its metadata names.`,
  },
  'archive-unreadable': { incomplete: false, text: (p) => `The archive ${named(p)} could not be read (${p.reason}).` },
  'frame-damaged': { incomplete: false, text: (p) => `Frame ${p.count} of ${named(p)} is damaged (${p.reason}).` },
  'manifest-damaged': { incomplete: false, text: (p) => `The manifest is damaged (${p.reason}).` },
  'manifest-hash': {
    incomplete: false,
    text: () => 'The manifest does not have the checksum that metadata.json names.',
  },
  'metadata-damaged': { incomplete: false, text: (p) => `metadata.json is damaged (${p.reason}).` },
  /** With the right key: what is stored is not what was made with it. */
  'not-authentic': { incomplete: false, text: (p) => `${named(p)} is not what was made with this key (${p.reason}).` },
  /** The settings ask for encryption. */
  'not-encrypted': {
    incomplete: false,
    text: (p) => `${named(p)} is not encrypted, though the settings ask for it: nobody can tell who made it.`,
  },
  /** What could not be looked at, because no key opens it. */
  'key-missing': {
    incomplete: false,
    text: (p) => `${named(p)} is encrypted, and ${p.reason}: only its stored bytes were checked.`,
  },
  'entry-missing': { incomplete: false, text: (p) => `${named(p)} is in the manifest but not in the backup.` },
  'entry-size': { incomplete: false, text: (p) => `${named(p)} has ${p.found} bytes; ${p.expected} are expected.` },
  'entry-hash': { incomplete: false, text: (p) => `${named(p)} does not have the SHA-256 that the manifest names.` },
  'entry-unsafe': {
    incomplete: false,
    text: (p) => `${named(p)} would be written outside the destination (${p.reason}).`,
  },
  'entry-damaged': { incomplete: false, text: (p) => `${named(p)} cannot be read back (${p.reason}).` },
  'database-damaged': {
    incomplete: false,
    text: (p) => `The database ${named(p)} fails its integrity check (${p.reason}).`,
  },
  // While a backup is restored
  /** `found`: the newest complete backup; `count`: how many causes are not among `causes`. */
  'backup-incomplete': {
    incomplete: true,
    text: (p) =>
      `This backup is incomplete.${causesOf(p)}${(p.count ?? 0) > 0 ? ` ${p.count} more say what it lacks.` : ''} ${p.found === undefined ? 'No other backup here is complete.' : `The newest complete one is ${p.found}.`}`,
  },
  /** `found`: the safety backup. */
  'in-safety-backup': {
    incomplete: false,
    text: (p) => `In the safety backup ${p.found}:${causesOf(p) || ' see it.'}`,
  },
  'extra-database-kept': {
    incomplete: false,
    text: (p) => `${named(p)} is not in the backup, and is kept: it is a database, or was one in an earlier backup.`,
  },
  'entry-not-restored': {
    incomplete: true,
    text: (p) => `${named(p)} is not whole in the backup (${p.reason}) and was not restored.`,
  },
  'secrets-locked': {
    incomplete: false,
    text: (p) => `The .env files in ${named(p)} were not restored (${p.reason}).`,
  },
  /** `found`: the safety backup. */
  'secrets-in-safety-backup': {
    incomplete: false,
    text: (p) =>
      `What the .env files held before is in ${p.found}, and comes back from there on request only: npm run backup:restore -- ${p.found} --include '**/.env*'.`,
  },
  /** `found`: names, never values. */
  'secrets-changed': {
    incomplete: false,
    text: (p) => `${some(p.count, 'secret')} with another value now than in the backup: ${p.found}.`,
  },
  'secrets-to-supply': {
    incomplete: false,
    text: (p) =>
      `${some(p.count, 'secret')} of the backup not set here: ${p.found}. ${p.reason === 'in-backup' ? "The backup has the .env files: --include '**/.env*' brings them back." : 'Supply again what is still needed.'}`,
  },
  'folders-not-set': {
    incomplete: false,
    text: (p) =>
      `${some(p.count, 'folder')} of another user, ${named(p)} first, kept permissions and time: only the owner and root may set them.`,
  },
  'backup-unreadable': {
    incomplete: false,
    text: (p) => `${named(p)} could not be read (${p.reason}); whether it is whole is not known.`,
  },
  'verification-not-noted': {
    incomplete: false,
    text: (p) => `The outcome stands, but could not be noted in ${named(p)} (${p.reason}).`,
  },
  'count-mismatch': {
    incomplete: false,
    text: (p) => `${named(p)}: metadata.json names ${p.expected}, the manifest holds ${p.found}.`,
  },
  // About the audit log. `count` of one line: its number in the file.
  'audit-unwritten': {
    incomplete: false,
    text: (p) => `What was done stands, but could not be noted in ${named(p)} (${p.reason}).`,
  },
  'audit-line-changed': {
    incomplete: false,
    text: (p) => `Line ${p.count} of ${named(p)} is not as it was written (${p.reason}).`,
  },
  'audit-line-order': {
    incomplete: false,
    text: (p) =>
      `Line ${p.count} of ${named(p)} is not in its place: it is number ${p.found}, where ${p.expected} is expected.`,
  },
  /** `found`: their numbers; `expected`: the line of the file that they stood before. */
  'audit-lines-missing': {
    incomplete: false,
    text: (p) => `Missing before line ${p.expected} of ${named(p)}: ${some(p.count, 'line')}, number ${p.found}.`,
  },
  'audit-lines-cut': {
    incomplete: false,
    text: (p) => `Missing at the end of the audit log: ${some(p.count, 'line')}, number ${p.found}.`,
  },
  'audit-line-torn': {
    incomplete: false,
    text: (p) => `Line ${p.count} of ${named(p)} is cut short: a run ended while it was writing it.`,
  },
  'audit-head-missing': {
    incomplete: false,
    text: (p) =>
      `The checkpoint ${named(p)} is missing: whether lines are missing at the end of the audit log is not known.`,
  },
  'audit-head-changed': {
    incomplete: false,
    text: (p) => `The checkpoint ${named(p)} is not as it was written (${p.reason}).`,
  },
  /** `found`: the first of these lines. */
  'audit-head-lost': {
    incomplete: false,
    text: (p) =>
      `The checkpoint was missing or changed when line ${p.found} of ${named(p)} was written (${some(p.count, 'time')} in all): lines before it may be missing.`,
  },
  'audit-unsigned': {
    incomplete: false,
    text: (p) =>
      `${some(p.count, 'line')} written without a key, line ${p.found} of ${named(p)} first: whoever may write to the store could have done that.`,
  },
  'audit-macs-unchecked': {
    incomplete: false,
    text: (p) => `${some(p.count, 'line')} written with a key that is not given, line ${p.found} of ${named(p)} first.`,
  },
  'audit-backup-gone': {
    incomplete: false,
    text: (p) =>
      `Backup ${named(p)} was made, and no act removed it, but it is not in the store: somebody deleted it, or this is an older copy of the store.`,
  },
  'audit-backup-unknown': {
    incomplete: false,
    text: (p) =>
      `The audit log does not know backup ${named(p)}: it was copied into the store, or that it was made could not be noted.`,
  },
  'audit-backups-earlier': {
    incomplete: false,
    text: (p) => `${some(p.count, 'backup')} older than the audit log, ${named(p)} the newest of them.`,
  },
  // While backups are compared
  /** `found`: the backup whose own findings (`causes`) say why. */
  'not-compared': {
    incomplete: false,
    text: (p) =>
      `${named(p)} was not compared${p.reason === undefined ? '' : ` (${p.reason})`}.${p.found === undefined ? '' : ` Backup ${p.found}:${causesOf(p) || ' see it.'}`}`,
  },
} as const satisfies Record<string, FindingDefinition>;

export type FindingCode = keyof typeof findingCatalogue;

/** Makes a finding with its English sentence. It rests in metadata.json: a reason that quotes a secret is masked first. */
export function finding(code: FindingCode, given: FindingParams = {}): Finding {
  const params = given.reason === undefined ? given : maskParams(given);
  return {
    code,
    message: findingCatalogue[code].text(params),
    ...(params.path === undefined ? {} : { path: params.path }),
    ...(params.target === undefined ? {} : { target: params.target }),
    params,
  };
}

/** True when at least one finding means that the backup lacks data. Codes that are not known here come from a newer version. */
export function meansIncomplete(findings: readonly Finding[]): boolean {
  return findings.some(({ code }) => Object.hasOwn(findingCatalogue, code) && findingCatalogue[code].incomplete);
}
