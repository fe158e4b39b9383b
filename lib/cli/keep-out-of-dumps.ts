import { writeFileSync } from 'node:fs';
import { systemCode } from '../core/errors.ts';

/**
 * Keeps keys and what they open out of core dumps: with none of the kinds of memory chosen, the kernel writes a dump
 * without any of it. The programs that this process starts inherit it (core(5)). Only Linux has the file; where it cannot be
 * written, things are as they would be without.
 */
export function keepOutOfDumps(): void {
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
