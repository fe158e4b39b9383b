import type { Random } from '../core/clock.ts';

const pattern = /^backup-(\d{4})-(\d{2})-(\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z-([0-9a-f]{6})$/;

/** `backup-<UTC time, ':' and '.' as '-'>-<6 hex digits>`. */
export function formatBackupId(time: Date, suffix: string): string {
  return `backup-${time.toISOString().replace(/[:.]/g, '-')}-${suffix}`;
}

/** Every ID has so many characters. */
export const idLength = 'backup-2026-01-01T00-00-00-000Z-000000'.length;

/** The time in an ID, or undefined for what is no ID. */
export function timeOfBackupId(id: string): Date | undefined {
  const match = pattern.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Puts what was made last first. By ID and never by time: IDs increase in a store, also when its clock goes back. */
export const newestFirst = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

export interface NextId {
  id: string;
  /** What the clock said. The time in the ID is later where the clock went back. */
  time: Date;
  /** The ID that the clock is behind of, when it went back. */
  behind?: string;
}

/**
 * The ID of a new backup: later than every one in the store, also when the clock went back, so that order by ID is
 * always order by making. Only the ID is pushed behind them: `time` stays the clock's own.
 */
export function nextBackupId(existing: Iterable<string>, now: Date, random: Random): NextId {
  let newest: { id: string; time: number } | undefined;
  for (const id of existing) {
    const time = timeOfBackupId(id)?.getTime();
    if (time !== undefined && (newest === undefined || time > newest.time)) newest = { id, time };
  }
  if (newest === undefined || newest.time < now.getTime()) {
    return { id: formatBackupId(now, random.hex(6)), time: now };
  }
  const id = formatBackupId(new Date(newest.time + 1), random.hex(6));
  return newest.time > now.getTime() ? { id, time: now, behind: newest.id } : { id, time: now };
}
