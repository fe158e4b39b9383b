import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChildCommand } from '../measure/measure-child.ts';
import type { BenchTool, Place } from './tool.ts';

/** A toolkit's folder with its prebuilt JavaScript, and the Node that is to run it. */
export interface Toolkit {
  folder: string;
  node: string;
}

export type OurCompression = 'gzip' | 'zstd' | 'none';

const levels: Record<OurCompression, number | undefined> = { gzip: 6, zstd: 3, none: undefined };

/** How many incremental backups may follow a full one, in all of the benchmark. */
export const maxIncrementals = 7;

/**
 * The toolkit itself, started as its users start it: one process, from its prebuilt JavaScript.
 * @param isEncrypted with a key of its own in the place of its store.
 */
export function ourTool(compression: OurCompression, toolkit: Toolkit, isEncrypted = false): BenchTool {
  const level = levels[compression];
  const missing = whyNot(compression, toolkit);
  const command = (place: Place, ...argv: string[]): ChildCommand => ({
    argv: [
      ...[toolkit.node, join(toolkit.folder, 'bin/ai-backup.mjs')],
      ...[...argv, '--root', place.host, '--config', settingsFile(place), '--json'],
      ...(isEncrypted ? ['--encryption-key', keyFile(place)] : []),
    ],
    cwd: place.host,
  });
  return {
    name: isEncrypted ? 'ours-encrypted' : `ours-${compression}`,
    label: `ours ${compression}${level === undefined ? '' : ` -${level}`}${isEncrypted ? ', encrypted' : ''}`,
    ...(missing === undefined ? {} : { missing }),
    begin: async (place) => writeSettings(place, compression, isEncrypted),
    backup: (place) => command(place, 'create'),
    next: (place) => command(place, 'create', '--mode', 'incremental'),
    restore: (place) => command(place, 'restore', 'latest', '--to', place.destination, '--yes'),
    verify: (place) => command(place, 'verify', 'latest'),
    list: (place) => command(place, 'list'),
    // Secrets are kept only where there is a key, and come back only where asked.
    leavesOut: ['.env'],
  };
}

const keyFile = (place: Place): string => join(place.store, 'key');

function settingsFile(place: Place): string {
  return join(place.store, 'config.json');
}

/** The host's own settings with the store outside of the host: other tools back up the host too, without our backups. */
function writeSettings(place: Place, compression: OurCompression, isEncrypted: boolean): void {
  const file = join(place.host, 'config/config.json');
  const settings = JSON.parse(readFileSync(file, 'utf8')) as { backup: { storage?: object; incremental?: object } };
  const level = levels[compression];
  settings.backup.storage = {
    ...settings.backup.storage,
    path: join(place.store, 'backups'),
    compression,
    encrypt: isEncrypted,
    ...(level === undefined ? {} : { compressionLevel: level }),
  };
  // So many incremental backups, then a full one: the default, said here because a growing store's size depends on it.
  settings.backup.incremental = { maxIncrementals };
  mkdirSync(place.store, { recursive: true });
  if (isEncrypted) writeFileSync(keyFile(place), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  writeFileSync(settingsFile(place), JSON.stringify(settings, null, 2));
}

function whyNot(compression: OurCompression, { folder, node }: Toolkit): string | undefined {
  if (!existsSync(join(folder, 'bin/ai-backup.mjs')) || !existsSync(join(folder, 'dist/lib'))) {
    return `${folder} holds no built toolkit (run npm run build there)`;
  }
  if (compression === 'zstd' && !runs(node, folder, "process.exit(require('zlib').createZstdCompress ? 0 : 1)")) {
    return `${node} has no zstd (give a Node of 22.15 or newer with --node, and a toolkit built for it with --ours-zstd)`;
  }
  if (!runs(node, folder, "new (require('better-sqlite3'))(':memory:').close()")) {
    return `better-sqlite3 in ${folder} is built for another Node than ${node} (copy the folder, run npm rebuild better-sqlite3 there with that Node first on PATH, and give the copy with --ours-zstd)`;
  }
  return undefined;
}

function runs(node: string, folder: string, script: string): boolean {
  return spawnSync(node, ['-e', script], { cwd: folder, stdio: 'ignore' }).status === 0;
}
