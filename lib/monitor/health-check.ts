/** `warning`: worth a look. `problem`: backups fail, or are not what their owner takes them for. */
export type HealthStatus = 'ok' | 'warning' | 'problem';

/** What a check is about, in the order in which a person reads them. */
export const checkNames = [
  'node',
  'sqlite',
  'programs',
  'store',
  'permissions',
  'space',
  'key',
  'git',
  'coverage',
  'leftovers',
  'backups',
] as const;
export type CheckName = (typeof checkNames)[number];

/** Everything that a check can find, and what its sentence needs. Never a secret. `messages/<lang>/doctor.ts` has the sentences. */
export interface HealthFacts {
  'node-fits': { version: string; hasZstd: boolean };
  'node-too-old': { version: string; needed: string };
  'zstd-missing': { version: string };
  'sqlite-works': { version: string };
  'sqlite-broken': { error: unknown };
  'programs-there': { programs: string[] };
  'program-missing': { program: string; use: ProgramUse };
  'store-absent': { store: string };
  'store-writable': { store: string };
  'store-not-writable': { store: string; reason: string };
  'store-unreadable': { store: string; reason: string };
  'modes-right': { count: number };
  'modes-unknown': Record<never, never>;
  'others-may-write': { path: string; found: string; count: number };
  'others-may-read': { path: string; found: string; count: number };
  'owner-shut-out': { path: string; found: string; count: number };
  'owned-by-others': { path: string; owner: number; count: number };
  'linked-elsewhere': { path: string; found: string; count: number };
  'folder-closed': { path: string; reason: string; count: number };
  'modes-repaired': { count: number };
  'repair-failed': { path: string; reason: string; count: number };
  'repair-without-effect': { path: string; count: number };
  'store-swappable': { path: string; found: string };
  'space-enough': { freeBytes: number; neededBytes: number };
  'space-scarce': { freeBytes: number; neededBytes: number };
  'space-too-small': { freeBytes: number; neededBytes: number };
  'space-unknown': Record<never, never>;
  'not-encrypted': Record<never, never>;
  'key-absent': Record<never, never>;
  'key-works': { source: string };
  'recipients-work': { count: number };
  'key-unusable': { error: unknown };
  'key-exposed': { path: string; found: string };
  'key-in-settings': Record<never, never>;
  'git-ignores': Record<never, never>;
  'git-none': Record<never, never>;
  'store-in-git': { path: string };
  'key-in-git': { path: string };
  covered: Record<never, never>;
  /** `source`: a file, a folder or a glob below the root, in no target; `size` in bytes. */
  unprotected: { kind: string; source: string; files: number; size: number };
  'more-unprotected': { count: number };
  'env-not-kept': { path: string; count: number };
  'cut-short': { entries: number };
  'nothing-left': Record<never, never>;
  'run-at-work': { holder: string };
  'left-in-store': { path: string; count: number };
  'left-by-restore': { path: string; count: number };
  'no-backup': Record<never, never>;
  'last-backup': { id: string; ageHours: number };
  'last-backup-old': { id: string; ageHours: number };
  'unreadable-backups': { path: string; count: number };
}

/** What a program of the system is needed for. */
export type ProgramUse = 'bzip2' | 'xz' | 'tar' | 'openssl' | 'git';
export type FactCode = keyof HealthFacts;

/** What one check has found. */
export interface HealthCheck<C extends FactCode = FactCode> {
  name: CheckName;
  status: HealthStatus;
  code: C;
  params: HealthFacts[C];
}

export const health = <C extends FactCode>(
  name: CheckName,
  status: HealthStatus,
  code: C,
  params: HealthFacts[C],
): HealthCheck<C> => ({ name, status, code, params });
