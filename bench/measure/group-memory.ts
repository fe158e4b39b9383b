import { readdirSync, readFileSync } from 'node:fs';

const sampleEveryMs = 20;

/** A watch over the memory of a process group. */
export interface MemoryWatch {
  /** Ends the watch and tells the largest sum seen, in bytes: 0 where the system has no /proc. Can be called again. */
  stop(): number;
}

/** Sums the resident memory of all processes of a group, again and again. Memory that they share counts for each. */
export function watchGroupMemory(group: number | undefined): MemoryWatch {
  let peak = 0;
  if (group === undefined || process.platform !== 'linux') return { stop: () => peak };
  const timer = setInterval(() => {
    peak = Math.max(peak, residentBytes(group));
  }, sampleEveryMs);
  return {
    stop: () => {
      clearInterval(timer);
      return peak;
    },
  };
}

function residentBytes(group: number): number {
  let bytes = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const status = readStatus(pid);
    if (status !== undefined && numberAfter('NSpgid', status) === group) bytes += numberAfter('VmRSS', status) * 1024;
  }
  return bytes;
}

function readStatus(pid: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // It ended between the listing and the reading.
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** The number of one field of /proc/PID/status (proc(5)); 0 where it is missing, as a dying process has no memory. */
function numberAfter(field: string, status: string): number {
  return Number(new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? 0);
}
