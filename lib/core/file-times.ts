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

const secondNs = 1_000_000_000n;
/** Filesystems that keep whole seconds may keep steps of two. */
const coarsestNs = 2n * secondNs;
/** All others keep at least the kernel's ticks, of 10 ms at the most; and some for the clocks to differ. */
const tickNs = secondNs / 10n;

/**
 * Before when a file must have been changed last for a look at it, begun at `begunAtNs`, to have seen all of it: within one step
 * of the filesystem's clock a second change shows no new time. How fine the steps are, the file's own ctime tells.
 */
export function settledBefore(begunAtNs: bigint, ctimeNs: bigint): bigint {
  return begunAtNs - (ctimeNs % secondNs === 0n ? coarsestNs : tickNs);
}
