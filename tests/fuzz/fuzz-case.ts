import { gunzipSync, gzipSync } from 'node:zlib';
import type { Random } from './random.ts';
import type { FuzzRoom } from './fuzz-room.ts';
import type { Seeds } from './seed-backups.ts';

/** What one case is made of: files by their paths below the case's folder, and what the target wants to know besides. */
export interface FuzzCase {
  files: Record<string, Buffer>;
  options: Record<string, string | number | boolean>;
}

/** One thing that takes what others made. */
export interface FuzzTarget {
  name: string;
  /** How many of a hundred cases it gets, about. */
  share: number;
  make(random: Random, seeds: Seeds): FuzzCase;
  /** Throws a BackupError, or what is a finding. */
  run(fuzzed: FuzzCase, room: FuzzRoom): Promise<void>;
}

/** What the suite found, kept as a fixture: enough to do it again, whatever becomes of the generators. */
export interface KeptCase {
  target: string;
  found: string;
  options: FuzzCase['options'];
  /** Base64 of gzip. */
  files: Record<string, string>;
}

export function keep(target: string, found: string, { files, options }: FuzzCase): KeptCase {
  const packed = Object.entries(files).map(([path, bytes]) => [path, gzipSync(bytes, { level: 9 }).toString('base64')]);
  return { target, found, options, files: Object.fromEntries(packed) as Record<string, string> };
}

export function unkeep({ files, options }: KeptCase): FuzzCase {
  const unpacked = Object.entries(files).map(([path, text]) => [path, gunzipSync(Buffer.from(text, 'base64'))]);
  return { options, files: Object.fromEntries(unpacked) as Record<string, Buffer> };
}
