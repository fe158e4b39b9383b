import { cpus } from 'node:os';

/** Seconds of work that all processors of the machine have done since it started, together. */
export function busyCpuSeconds(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}
