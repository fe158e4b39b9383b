import type { FactCode, HealthFacts } from '../../monitor/health-check.ts';
import { countOf } from './count-of.ts';
import { init } from './init.ts';

/** What a sentence is made of: the fact, with an error as the words for it. `bytes` says an amount. */
export type ShownFact<C extends FactCode> = HealthFacts[C] extends { error: unknown }
  ? { reason: string }
  : HealthFacts[C];
type Say<C extends FactCode> = (p: ShownFact<C>, bytes: (amount: number) => string) => string;

const andMore = (count: number): string => (count > 1 ? ` and ${count - 1} more` : '');

const uses = {
  bzip2: 'only backups with compression bzip2 need it',
  xz: 'only backups with compression xz need it',
  tar: 'only a restore by hand needs it',
  openssl: 'only a restore of an encrypted backup by hand needs it',
  git: 'without it metadata.json does not name the commit',
};

export const doctor = {
  describe: 'Check the installation: programs, store, permissions, keys, and what is in no backup',
  repair: 'Set the permissions of the store and its backups right first',
  names: {
    node: 'Node',
    sqlite: 'SQLite',
    programs: 'Programs',
    store: 'Store',
    permissions: 'Permissions',
    space: 'Space',
    key: 'Keys',
    git: 'Git',
    coverage: 'Coverage',
    leftovers: 'Leftovers',
    backups: 'Backups',
  },
  marks: { ok: 'ok', warning: 'warning', problem: 'problem' },
  allWell: 'Nothing is wrong.',
  summary: (problems: number, warnings: number) => `${countOf(problems, 'problem')}, ${countOf(warnings, 'warning')}.`,
  says: {
    'node-fits': (p) => `Node ${p.version}${p.hasZstd ? ', with zstd' : ', without zstd (that came with 22.15)'}.`,
    'node-too-old': (p) => `Node ${p.version} is older than ${p.needed}.`,
    'zstd-missing': (p) => `The settings ask for compression zstd, which Node ${p.version} does not have.`,
    'sqlite-works': (p) => `better-sqlite3 works, with SQLite ${p.version}.`,
    'sqlite-broken': (p) => `better-sqlite3 does not work: ${p.reason}`,
    'programs-there': (p) => `${p.programs.join(', ')}: there.`,
    'program-missing': (p) => `${p.program} is not there: ${uses[p.use]}.`,
    'store-absent': (p) => `There is no store yet; the first backup makes it: ${p.store}.`,
    'store-writable': (p) => `${p.store} can be written to.`,
    'store-not-writable': (p) => `${p.store} cannot be written to (${p.reason}).`,
    'store-unreadable': (p) => `${p.store} cannot be looked into (${p.reason}).`,
    'modes-right': (p) => `Right: ${countOf(p.count, 'file')} and folders that the toolkit made in the store.`,
    'modes-unknown': () => 'This system has no permissions that could be checked.',
    'others-may-write': (p) =>
      `Others can write to ${p.path} (mode ${p.found})${andMore(p.count)}: they could replace backups.`,
    'others-may-read': (p) => `Others can read ${p.path} (mode ${p.found})${andMore(p.count)}.`,
    'owner-shut-out': (p) => `Its own user has no full access to ${p.path} (mode ${p.found})${andMore(p.count)}.`,
    'owned-by-others': (p) => `${p.path}${andMore(p.count)} belongs to another user (ID ${p.owner}).`,
    'linked-elsewhere': (p) =>
      `${p.path} (mode ${p.found})${andMore(p.count)} has a second name somewhere (a hard link), and is left as it is.`,
    'folder-closed': (p) => `${p.path}${andMore(p.count)} could not be looked into (${p.reason}).`,
    'modes-repaired': (p) => `Set right: ${p.count}.`,
    'repair-failed': (p) => `The mode of ${p.path}${andMore(p.count)} could not be set (${p.reason}).`,
    'repair-without-effect': (p) =>
      `Setting the mode of ${p.path}${andMore(p.count)} had no effect: its filesystem has no permissions of its own.`,
    'store-swappable': (p) =>
      `Others can write to ${p.path} (mode ${p.found}), the folder around the store: they could put another store in its place.`,
    'space-enough': (p, bytes) =>
      p.neededBytes === 0
        ? `${bytes(p.freeBytes)} free.`
        : `${bytes(p.freeBytes)} free; the newest backups take up to ${bytes(p.neededBytes)}.`,
    'space-scarce': (p, bytes) =>
      `${bytes(p.freeBytes)} free: little, as the newest backups take up to ${bytes(p.neededBytes)}.`,
    'space-too-small': (p, bytes) =>
      `${bytes(p.freeBytes)} free: too little for another backup of ${bytes(p.neededBytes)}.`,
    'space-unknown': () => 'The filesystem of the store does not say how much is free.',
    'not-encrypted': () => 'No key is configured; backups are not encrypted.',
    'key-absent': () => 'The settings ask for encryption, and no key is configured: no backup can be made.',
    'key-works': (p) => `The key of ${p.source} can be read.`,
    'recipients-work': (p) => `Backups are encrypted to ${countOf(p.count, 'public key')}, which can be read.`,
    'key-unusable': (p) => p.reason,
    'key-exposed': (p) => `Others can read the key file ${p.path} (mode ${p.found}).`,
    'key-in-settings': () => 'storage.encryptionKey holds the secret itself.',
    'git-ignores': () => 'The store and the keys stay out of the repository.',
    'git-none': () => 'This is no git repository, or git is not there.',
    'store-in-git': (p) => `Git does not ignore the store: \`git add\` would take ${p.path} in.`,
    'key-in-git': (p) => `Git does not ignore the key file ${p.path}.`,
    covered: () => 'Everything that looks like data is in a target.',
    unprotected: (p, bytes) =>
      `In no target: ${p.source} (${init.kinds[p.kind as keyof typeof init.kinds]}, ${init.files(p.files)}, ${bytes(p.size)}).`,
    'more-unprotected': (p) => `In no target: ${p.count} more.`,
    'env-not-kept': (p) =>
      `${p.path}${andMore(p.count)} holds secrets and is in no backup: there is no key to encrypt it with.`,
    'cut-short': (p) => `Stopped looking after ${p.entries} files and folders: there may be more.`,
    'nothing-left': () => 'Nothing is left of interrupted runs.',
    'run-at-work': (p) => `Another run is at work (${p.holder}).`,
    'left-in-store': (p) => `An interrupted run has left ${countOf(p.count, 'temporary file')} in ${p.path}.`,
    'left-by-restore': (p) => `An interrupted restore has left ${p.path}${andMore(p.count)}.`,
    'no-backup': () => 'There is no complete backup yet.',
    'last-backup': (p) => `The newest complete backup is ${ageText(p.ageHours)} old: ${p.id}.`,
    'last-backup-old': (p) => `The newest complete backup is ${ageText(p.ageHours)} old: ${p.id}.`,
    'unreadable-backups': (p) => `${p.path}${andMore(p.count)} is damaged, or may not be read.`,
  } satisfies { [C in FactCode]: Say<C> },
  hints: {
    'node-too-old': (p) => `Install Node ${p.needed} or newer.`,
    'zstd-missing': () => 'Install Node 22.15 or newer, or set storage.compression to "gzip".',
    'sqlite-broken': () => 'Run `npm rebuild better-sqlite3`.',
    'store-not-writable': () =>
      'Check its permissions and whether its filesystem is mounted read-only, or set storage.path to another place.',
    'store-unreadable': () => 'Run it as the user whose backups these are, or set storage.path to where they are.',
    'others-may-write': () =>
      'Run `npm run backup:doctor -- --repair`. Until then no backup is made, unless storage.allowOthersToWrite is true.',
    'others-may-read': () => 'Run `npm run backup:doctor -- --repair`.',
    'owner-shut-out': () => 'Run `npm run backup:doctor -- --repair`.',
    'owned-by-others': (p) => `If it should be yours: sudo chown "$(id -u)" '${p.path.replaceAll("'", "'\\''")}'`,
    'linked-elsewhere': () => 'If nobody needs the other name, copy the file and put the copy in its place.',
    'repair-failed': () => 'Run it as the owner of the store.',
    'repair-without-effect': () =>
      'Put the store on another filesystem, or mount this one with a narrower mask. If it has to be so, set storage.allowOthersToWrite to true.',
    'store-swappable': () => 'Take the right to write there from others, or put the store into a folder of your own.',
    'space-scarce': () => '`npm run backup:cleanup -- --dry-run` shows what old backups would give.',
    'space-too-small': () => '`npm run backup:cleanup -- --dry-run` shows what old backups would give.',
    'key-absent': () => 'Make one: npm run backup:keys -- generate',
    'key-unusable': () => 'Check the path and its permissions, or the command that gives it.',
    'key-exposed': (p) => `Run: chmod 600 '${p.path.replaceAll("'", "'\\''")}'`,
    'key-in-settings': () => 'Move it to the environment and write "${BACKUP_ENCRYPTION_KEY}" there.',
    'store-in-git': () => '`npm run backup:init` adds it to .gitignore.',
    'key-in-git': (p) => `Add ${p.path} to .gitignore; if it was ever committed, make a new key.`,
    unprotected: () => '`npm run backup:init` proposes targets; or name it in the targets, or under exclude.',
    'env-not-kept': () => 'Make a key (npm run backup:keys -- generate), or keep a copy of it elsewhere.',
    'left-in-store': () => 'The next backup removes it.',
    'left-by-restore': () => 'The next restore removes it.',
    'no-backup': () => 'Make one: npm run backup:create',
    'last-backup-old': () => 'Make one: npm run backup:create; or let `npm run backup:schedule` do it.',
    'unreadable-backups': () => '`npm run backup:verify -- --all` says more.',
  } satisfies { [C in FactCode]?: Say<C> },
};

function ageText(hours: number): string {
  if (hours === 0) return 'less than an hour';
  return hours < 48 ? countOf(hours, 'hour') : countOf(Math.floor(hours / 24), 'day');
}
