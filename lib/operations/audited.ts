import { userInfo } from 'node:os';
import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { isBackupError, reasonOf, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { maskText } from '../core/mask-secrets.ts';
import { auditLogFile } from '../store/audit-files.ts';
import type { AuditFacts } from '../store/audit-line.ts';
import { appendToAuditLog, keepsAuditLog } from '../store/audit-log.ts';
import { openStore, type Store } from '../store/store.ts';
import { auditKeyOf } from './audit-key.ts';
import { refuseOpenStore } from './guarded-store.ts';
import { keysUsed } from './key-use.ts';
import type { RunContext } from './run-context.ts';

/** What is noted. What only shows something, and a dry run, is no act. */
export type AuditAct = 'create' | 'verify' | 'restore' | 'cleanup' | 'consolidate' | 'config' | 'keys';

/**
 * `begun`: what is going to be removed, in case the run is killed. `refused`: nothing was done, for a wrong key, a lock, a
 * wrong request. `found-problems`: a verification did what it should.
 */
export type AuditOutcome = 'begun' | 'done' | 'incomplete' | 'found-problems' | 'refused' | 'failed' | 'interrupted';

export interface ActNote {
  act: AuditAct;
  outcome: AuditOutcome;
  /** The ID of the backup that it was done with. */
  backup?: string;
  /** Numbers, IDs and names. Texts are masked; nobody puts a value of a setting, or what a user typed, into them. */
  facts?: AuditFacts;
}

export type AuditContext = Pick<RunContext, 'settings' | 'clock' | 'host' | 'keys'>;

/** Notes an act in the store's audit log. Never throws. @returns what to tell where it could not be noted. */
export async function noteAct(context: AuditContext, note: ActNote): Promise<Finding | undefined> {
  const store = openStore(context.settings.storage);
  try {
    if (!keepsAuditLog(store)) return undefined;
    refuseOpenStore(context.settings);
    await append(context, store, note);
    return undefined;
  } catch (error) {
    // The act is done, and a backup is worth more than the line about it.
    return finding('audit-unwritten', { path: auditLogFile(store), reason: shortReason(error) });
  }
}

async function append(context: AuditContext, store: Store, note: ActNote): Promise<void> {
  const { act, outcome, backup, facts } = note;
  const sources = backup === undefined ? [] : keysUsed(context.keys, backup);
  const entry = {
    act,
    outcome,
    user: maskText(userName()),
    host: maskText(context.host),
    ...(backup === undefined ? {} : { backup: maskText(backup) }),
    facts: masked({ ...facts, ...(sources.length === 0 ? {} : { key: sources }) }),
  };
  await appendToAuditLog(store, entry, { clock: context.clock, key: await auditKeyOf(context) });
}

function masked(facts: AuditFacts): AuditFacts {
  const one = (value: AuditFacts[string]): AuditFacts[string] => {
    if (typeof value === 'string') return maskText(value);
    return typeof value === 'object' ? value.map(maskText) : value;
  };
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, one(value)]));
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    // A container's user need have no name.
    if (systemCode(error) === undefined) throw error;
    return String(process.getuid?.() ?? '');
  }
}

function shortReason(error: unknown): string {
  if (isBackupError(error, 'STORE_LOCKED')) return 'another run holds the lock of the store';
  if (isBackupError(error, 'STORE_OPEN')) return 'others may write to the store';
  return systemCode(error) ?? maskText(reasonOf(error));
}

/** What an act is, before it is known how it ends. */
export type ActBegun = Pick<ActNote, 'act' | 'backup' | 'facts'>;

/**
 * Runs an act and notes where it fails. Whoever runs it notes its end otherwise.
 * @throws what `run` throws.
 */
export async function auditedFailures<T>(context: AuditContext, begun: ActBegun, run: () => Promise<T>): Promise<T> {
  // The key is stretched while the act is at work.
  void auditKeyOf(context).catch(() => undefined);
  try {
    return await run();
  } catch (error) {
    await noteAct(context, { ...begun, ...failureOf(error, begun.facts) });
    throw error;
  }
}

/**
 * Runs an act and notes how it ended.
 * @param tell what to note of its result; undefined where there was nothing to do.
 * @returns its result, with one warning more where that could not be noted. @throws what `run` throws.
 */
export async function audited<T extends { warnings?: Finding[] }>(
  context: AuditContext,
  begun: ActBegun,
  run: () => Promise<T>,
  tell: (result: T) => Pick<ActNote, 'outcome' | 'backup' | 'facts'>,
): Promise<T> {
  const result = await auditedFailures(context, begun, run);
  const { facts, ...told } = tell(result);
  return withUnwritten(result, await noteAct(context, { ...begun, ...told, facts: { ...begun.facts, ...facts } }));
}

/** The result with what to tell of the audit log. */
export const withUnwritten = <T extends { warnings?: Finding[] }>(result: T, unwritten: Finding | undefined): T =>
  unwritten === undefined ? result : { ...result, warnings: [...(result.warnings ?? []), unwritten] };

const refusals: ReadonlySet<ExitCode> = new Set([exitCode.usage, exitCode.notFound, exitCode.locked, exitCode.key]);

function failureOf(error: unknown, facts: AuditFacts = {}): Pick<ActNote, 'outcome' | 'facts'> {
  // What another error says may be anything: it stays out.
  if (!isBackupError(error)) return { outcome: 'failed', facts: { ...facts, code: 'UNEXPECTED', exitCode: 1 } };
  const { code, exitCode: ended, aftermath } = error;
  const safetyBackup = aftermath?.safetyBackup;
  const tried = isBackupError(error, 'KEY_WRONG') ? error.params.tried : undefined;
  return {
    outcome: code === 'INTERRUPTED' ? 'interrupted' : refusals.has(ended) ? 'refused' : 'failed',
    facts: {
      ...facts,
      code,
      exitCode: ended,
      ...(safetyBackup === undefined ? {} : { safetyBackup }),
      ...(tried === undefined ? {} : { tried }),
    },
  };
}
