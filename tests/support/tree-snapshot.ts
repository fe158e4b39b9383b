import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { decodePath } from '../../lib/core/path-bytes.ts';

/** What the system says of one path. */
export interface PathState {
  kind: 'file' | 'directory' | 'symlink' | 'other';
  /** Octal. */
  mode: string;
  mtimeNs: bigint;
  /** Bytes; 0 for what is no file. */
  size: number;
  sha256?: string;
  linkTarget?: string;
}

/** By path below the folder, in the toolkit's string form. The folder itself is not in it. */
export type TreeSnapshot = Map<string, PathState>;

/** Looks at everything below a folder. `leaveOut` names paths that are passed over with all that is in them. */
export function snapshotTree(folder: string, leaveOut: readonly string[] = []): TreeSnapshot {
  const snapshot: TreeSnapshot = new Map();
  const walk = (absolute: Buffer, parent: string): void => {
    for (const bytes of readdirSync(absolute, { encoding: 'buffer' })) {
      const path = `${parent}${decodePath(bytes)}`;
      if (leaveOut.includes(path)) continue;
      const child = Buffer.concat([absolute, Buffer.from('/'), bytes]);
      const state = stateOf(child);
      snapshot.set(path, state);
      if (state.kind === 'directory') walk(child, `${path}/`);
    }
  };
  walk(Buffer.from(folder), '');
  return snapshot;
}

function stateOf(path: Buffer): PathState {
  const stat = lstatSync(path, { bigint: true });
  const common = { mode: (Number(stat.mode) & 0o7777).toString(8), mtimeNs: stat.mtimeNs, size: 0 };
  if (stat.isDirectory()) return { kind: 'directory', ...common };
  if (stat.isSymbolicLink()) {
    return { kind: 'symlink', ...common, linkTarget: decodePath(readlinkSync(path, { encoding: 'buffer' })) };
  }
  if (!stat.isFile()) return { kind: 'other', ...common };
  return { kind: 'file', ...common, size: Number(stat.size), sha256: hashOf(path) };
}

function hashOf(path: Buffer): string {
  const digest = createHash('sha256');
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const got = readSync(fd, buffer);
      if (got === 0) return digest.digest('hex');
      digest.update(buffer.subarray(0, got));
    }
  } finally {
    closeSync(fd);
  }
}

/** Node sets times as floating-point seconds: what it restores is exact to the microsecond. */
const timeToleranceNs = 1000n;

/** In what two trees differ, one line a path; empty where they are equal to the byte, mode, time and link. */
export function treeDifferences(expected: TreeSnapshot, found: TreeSnapshot): string[] {
  const paths = [...new Set([...expected.keys(), ...found.keys()])].sort();
  return paths.flatMap((path) => {
    const [before, after] = [expected.get(path), found.get(path)];
    const name = JSON.stringify(path);
    if (before === undefined) return [`${name} is new`];
    if (after === undefined) return [`${name} is missing`];
    return differencesOf(before, after).map((difference) => `${name}: ${difference}`);
  });
}

function differencesOf(before: PathState, after: PathState): string[] {
  const distance = after.mtimeNs - before.mtimeNs;
  const isSameTime = distance > -timeToleranceNs && distance < timeToleranceNs;
  const fields = ['kind', 'mode', 'size', 'sha256', 'linkTarget'] as const;
  return [
    ...fields.filter((field) => before[field] !== after[field]).map((field) => changed(field, before, after)),
    ...(isSameTime ? [] : [changed('mtimeNs', before, after)]),
  ];
}

const changed = (field: keyof PathState, before: PathState, after: PathState): string =>
  `${field} was ${String(before[field])}, is ${String(after[field])}`;
