import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { isBackupError, systemCode } from '../core/errors.ts';
import { freeBytes } from '../core/free-space.ts';
import { health, type HealthCheck } from '../monitor/health-check.ts';
import { listStore, openStore, type StoreListing } from '../store/store.ts';
import type { RunContext } from './run-context.ts';

/** What the checks of a store's content are about; no listing where there is no store, or it cannot be read. */
export interface LookedAtStore {
  checks: HealthCheck[];
  listing?: StoreListing;
}

/** Is there a store, and can backups be made into it? Nothing is written to find out. */
export async function checkStore(context: Pick<RunContext, 'settings'>): Promise<LookedAtStore> {
  const { path } = context.settings.storage;
  let listing: StoreListing | undefined;
  try {
    listing = await listStore(openStore(context.settings.storage));
  } catch (error) {
    if (isBackupError(error, 'STORE_UNREADABLE')) {
      return { checks: [health('store', 'problem', 'store-unreadable', { store: path, reason: error.params.reason })] };
    }
    if (!isBackupError(error, 'STORE_NOT_FOUND')) throw error;
  }
  const reason = whyNotWritable(listing === undefined ? nearestFolder(path) : path);
  if (reason !== undefined) {
    return { checks: [health('store', 'problem', 'store-not-writable', { store: path, reason })], ...held(listing) };
  }
  if (listing === undefined) return { checks: [health('store', 'ok', 'store-absent', { store: path })] };
  return { checks: [health('store', 'ok', 'store-writable', { store: path }), ...unreadable(listing)], listing };
}

const held = (listing: StoreListing | undefined): { listing?: StoreListing } =>
  listing === undefined ? {} : { listing };

function unreadable(listing: StoreListing): HealthCheck[] {
  const [first] = listing.unreadable;
  const params = { path: first?.folder ?? '', count: listing.unreadable.length };
  return first === undefined ? [] : [health('store', 'problem', 'unreadable-backups', params)];
}

/** Where a first backup would make the store. */
function nearestFolder(path: string): string {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path));
}

function whyNotWritable(folder: string): string | undefined {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    const reason = systemCode(error);
    if (reason === undefined) throw error;
    return reason;
  }
}

/** Is there room for another backup like the largest of the newest ones: the last full one, and the last of all? */
export function checkSpace(context: Pick<RunContext, 'settings'>, listing: StoreListing | undefined): HealthCheck[] {
  const free = freeBytes(context.settings.storage.path);
  if (free === undefined) return [health('space', 'ok', 'space-unknown', {})];
  const backups = listing?.backups ?? [];
  const newest = [backups[0], backups.find(({ metadata }) => metadata.mode === 'full')];
  const neededBytes = Math.max(0, ...newest.map((one) => one?.metadata.storedSize ?? 0));
  const params = { freeBytes: free, neededBytes };
  if (free < neededBytes) return [health('space', 'problem', 'space-too-small', params)];
  if (free < 2 * neededBytes) return [health('space', 'warning', 'space-scarce', params)];
  return [health('space', 'ok', 'space-enough', params)];
}

/** A weekly backup, and a day. */
const staleHours = 8 * 24;

/** How old is the newest complete backup? */
export function checkLastBackup(context: Pick<RunContext, 'clock'>, listing: StoreListing | undefined): HealthCheck[] {
  const last = listing?.backups.find(({ metadata }) => metadata.complete && metadata.type !== 'pre-restore');
  if (last === undefined) return [health('backups', 'warning', 'no-backup', {})];
  const ageMs = context.clock.now().getTime() - Date.parse(last.metadata.timestamp);
  const params = { id: last.id, ageHours: Math.max(0, Math.floor(ageMs / 3_600_000)) };
  return params.ageHours > staleHours
    ? [health('backups', 'warning', 'last-backup-old', params)]
    : [health('backups', 'ok', 'last-backup', params)];
}
