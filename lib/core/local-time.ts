/** A time zone's clock: how far it stands from UTC, and when it is put forward or back. Times are milliseconds. */

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** The machine's own time zone, as an IANA name. */
export const machineZone = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone;

/** True when this runtime knows the zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * What the clocks in a zone show at an instant, as the instant at which clocks in UTC show the same. Subtract the
 * instant to have the zone's offset.
 */
export function wallTime(instantMs: number, zone: string): number {
  const parts = new Map(
    formatOf(zone)
      .formatToParts(instantMs)
      .map((part) => [part.type, Number(part.value)]),
  );
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const seconds = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return seconds + (((instantMs % 1000) + 1000) % 1000);
}

export const offsetAt = (instantMs: number, zone: string): number => wallTime(instantMs, zone) - instantMs;

/** No zone changes its clock twice within this time. */
const stepMs = 12 * 3_600_000;

/** The first instant after `from` and not after `to` at which the zone's clock was put forward or back. */
export function firstChange(from: number, to: number, zone: string): number | undefined {
  const offset = offsetAt(from, zone);
  for (let before = from; before < to; before += stepMs) {
    const after = Math.min(before + stepMs, to);
    if (offsetAt(after, zone) !== offset) return changeBetween(before, after, offset, zone);
  }
  return undefined;
}

function changeBetween(from: number, to: number, offset: number, zone: string): number {
  let before = from;
  let after = to;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle, zone) === offset) before = middle;
    else after = middle;
  }
  return after;
}
