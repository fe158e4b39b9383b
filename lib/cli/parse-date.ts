import { machineZone, wallTime } from '../core/local-time.ts';

const datePattern =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * Reads `2026-11-20`, `2026-11-20 03:00`, `2026-11-20T03:00:00Z`; undefined for what is no date, such as `2026-02-30`.
 * @param timezone what a time without one is meant in, an IANA name; the machine's own where absent.
 */
export function parseDate(text: string, timezone?: string): Date | undefined {
  const match = datePattern.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '0', zone] = match;
  const fields = [year, month, day, hour, minute, second].map(Number);
  const [y = 0, m = 0, d = 0, h = 0, min = 0, s = 0] = fields;
  const asUtc = new Date(Date.UTC(y, m - 1, d, h, min, s, Number(fraction.padEnd(3, '0'))));
  const isReal = asUtc.getUTCMonth() === m - 1 && asUtc.getUTCDate() === d && h < 24 && min < 60 && s < 60;
  if (!isReal) return undefined;
  if (zone !== undefined) {
    const offsetMs = offsetMsOf(zone);
    return offsetMs === undefined ? undefined : new Date(asUtc.getTime() - offsetMs);
  }
  // The offset belongs to the time that is sought: near a change of the clocks the second look is the right one.
  const first = asUtc.getTime() - zoneOffsetMs(asUtc, timezone);
  return new Date(asUtc.getTime() - zoneOffsetMs(new Date(first), timezone));
}

/** Undefined for what no clock shows, such as `+99:99`. */
function offsetMsOf(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone) ?? [];
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
}

/** How far a time zone's clocks are ahead of UTC at a moment, in milliseconds. */
function zoneOffsetMs(moment: Date, timezone: string | undefined): number {
  return wallTime(moment.getTime(), timezone ?? machineZone()) - moment.getTime();
}
