import { readFileSync, writeFileSync } from 'node:fs';

/** Forgets how much memory this process has had, so that `peakMemory` tells of what comes now. */
export function forgetPeak(): void {
  (globalThis as { gc?: () => void }).gc?.();
  try {
    // 5 resets the peak (proc(5)).
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Elsewhere the peak is that of all cases so far: it is never too low.
  }
}

/** The most bytes of memory since then. */
export function peakMemory(): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (peak !== undefined) return Number(peak) * 1024;
  } catch {
    // As above.
  }
  return process.resourceUsage().maxRSS * 1024;
}
