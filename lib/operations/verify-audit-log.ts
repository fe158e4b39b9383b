import { basename } from 'node:path';
import { finding, type Finding } from '../core/findings.ts';
import { idLength, timeOfBackupId } from '../store/backup-id.ts';
import { AuditedBackups } from '../store/audited-backups.ts';
import { verifyAuditLog, type AuditCheck, type AuditKeyFinder } from '../store/verify-audit.ts';
import { listStore, openStore, type Store } from '../store/store.ts';
import { openLoneArchives } from './open-path.ts';
import type { RunContext } from './run-context.ts';

/** The fields of `backup:audit verify --json`. */
export interface AuditVerification extends AuditCheck {
  ok: boolean;
}

/**
 * Checks the audit log of the store by itself, and against the backups that are there. It changes nothing, and is no act.
 * @throws BackupError STORE_NOT_FOUND, STORE_UNREADABLE, BACKUP_UNREADABLE, KEY_UNREADABLE, KEY_INVALID, INTERRUPTED
 */
export async function verifyAudit(context: RunContext): Promise<AuditVerification> {
  const store = openStore(context.settings.storage);
  const backups = new AuditedBackups();
  // Before the log and after it: what is made or removed meanwhile is neither unknown nor gone.
  const before = await idsOf(context, store);
  const given = { keyOf: auditKeys(context), signal: context.signal, visit: backups.note };
  const check = await verifyAuditLog(store, given);
  const { gone } = backups.compare(new Set([...before, ...(await idsOf(context, store))]));
  const { unknown, earlier } = backups.compare(before);
  const problems: Finding[] = [...check.problems, ...gone.map((path) => finding('audit-backup-gone', { path }))];
  const warnings: Finding[] = [...check.warnings, ...unknown.map((path) => finding('audit-backup-unknown', { path }))];
  const newest = earlier.at(-1);
  if (newest !== undefined) warnings.push(finding('audit-backups-earlier', { count: earlier.length, path: newest }));
  return { ok: problems.length === 0, ...check, problems, warnings };
}

/** What is in the store, whole or not: archives without a folder too. */
async function idsOf({ keys }: RunContext, store: Store): Promise<Set<string>> {
  const { backups, unreadable, loneArchives } = await listStore(store);
  const ids = new Set([...backups.map(({ id }) => id), ...unreadable.map(({ folder }) => basename(folder))]);
  for (const one of await openLoneArchives(loneArchives, keys)) {
    if (one.kind === 'backup') ids.add(one.id);
    const named = basename(one.archive ?? '').slice(0, idLength);
    // One that no key opens, under its usual name.
    if (timeOfBackupId(named) !== undefined) ids.add(named);
  }
  return ids;
}

/** Other salts than so many are none of one store's: stretching a secret for each would take for ever. */
const mostSalts = 16;

/** Finds the key of a line among all that are given, old ones too. */
function auditKeys({ keys }: Pick<RunContext, 'keys'>): AuditKeyFinder {
  const salts = new Map<string, Promise<Map<string, Buffer>>>();
  return async ({ macSalt, keyCheck }) => {
    if (!/^[0-9a-f]{16}$/.test(macSalt)) return undefined;
    let known = salts.get(macSalt);
    if (known === undefined) {
      if (salts.size >= mostSalts) return undefined;
      salts.set(macSalt, (known = derive(keys, Buffer.from(macSalt, 'hex'))));
    }
    return (await known).get(keyCheck);
  };
}

/** The keys of all secrets with that salt, by what tells them apart. */
async function derive(keys: RunContext['keys'], salt: Buffer): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for await (const key of keys.candidates()) {
    if (key.kind !== 'secret') continue;
    const secret = keys.secretOf(key);
    found.set(await secret.keyCheck(salt), await secret.subkey(salt, 'audit log v1'));
  }
  return found;
}
