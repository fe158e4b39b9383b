import { wallTime } from '../core/local-time.ts';

/** What the clocks in a time zone show: `2026-06-19 02:00:00`. */
export function formatLocalTime(time: Date, zone: string): string {
  return new Date(wallTime(time.getTime(), zone)).toISOString().slice(0, 19).replace('T', ' ');
}
