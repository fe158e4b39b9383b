import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What a file is known by. */
export interface Fingerprint {
  sha256: string;
  mode: bigint;
  mtimeNs: bigint;
}

/** Node sets a file's time in microseconds, from a number of seconds: one more or less is as near as it gets. */
const toleranceNs = 2000n;

/** Every file below a folder by its path. Databases are left out: they are compared by their rows. */
export function fingerprintFiles(folder: string): Map<string, Fingerprint> {
  const prints = new Map<string, Fingerprint>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || /\.db(-wal|-shm)?$/.test(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const { mode, mtimeNs } = statSync(file, { bigint: true });
    const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    prints.set(file.slice(folder.length + 1), { sha256, mode, mtimeNs });
  }
  return prints;
}

/** The files that are gone, or whose bytes, permissions or time differ from before. */
export function damagedFiles(
  before: ReadonlyMap<string, Fingerprint>,
  after: ReadonlyMap<string, Fingerprint>,
): string[] {
  return [...before].filter(([path, print]) => !isSame(print, after.get(path))).map(([path]) => path);
}

function isSame(before: Fingerprint, after: Fingerprint | undefined): boolean {
  if (after === undefined || after.sha256 !== before.sha256 || after.mode !== before.mode) return false;
  const difference = after.mtimeNs - before.mtimeNs;
  return difference <= toleranceNs && difference >= -toleranceNs;
}
