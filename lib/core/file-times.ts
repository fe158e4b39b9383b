/**
 * Nanoseconds as the floating-point seconds that Node's `utimes` takes. Its library cuts them off after the
 * microsecond, and a double holds today's seconds to a quarter of one: half a microsecond more makes sure that the
 * right one is hit.
 */
export function systemTime(ns: bigint): number | string {
  if (ns >= 0n) return (Number(ns / 1000n) + 0.5) / 1e6;
  // Node takes a negative number for a mistake and sets the present time; of a text it does not think so.
  return String((Number(ns / 1000n) - 0.5) / 1e6);
}
