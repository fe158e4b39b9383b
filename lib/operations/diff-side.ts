import type { ManifestEntry } from '../store/manifest.ts';
import type { DatabaseSource } from './compare-databases.ts';
import { defineTargets } from '../targets/target-definitions.ts';
import { freshBytesSince, type FreshBytes } from './fresh-bytes.ts';
import type { OpenBackup } from './opened-backup.ts';
import { ProjectEntries, type ProjectEntriesOptions } from './project-entries.ts';
import type { RunContext } from './run-context.ts';
import { ManifestEntries, type TargetEntries } from './target-entries.ts';

export type Settled = ManifestEntry | 'unread' | undefined;

/** What a backup is compared with: another one, or the project as it is now. */
export interface LaterSide {
  entries: TargetEntries;
  /** Names of the targets that it covers, in the order of its entries. */
  targets: readonly string[];
  databases: DatabaseSource;
  freshBytes: FreshBytes;
  /** The current entry, with what it takes to compare it with `before`: undefined where it has vanished meanwhile. */
  settle(before: ManifestEntry | undefined): Settled | Promise<Settled>;
  /** The same, once more, for an entry that was settled without a `before`. */
  compared(entry: ManifestEntry, before: ManifestEntry): Promise<Settled>;
  hashOf(entry: ManifestEntry): Promise<string | undefined>;
  /** Reads on to the end, which proves all that was read. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export async function backupSide(before: OpenBackup, backup: OpenBackup): Promise<LaterSide> {
  const entries = new ManifestEntries(backup);
  const header = await entries.header();
  return {
    entries,
    targets: header.targets.map(({ name }) => name),
    databases: { backup, entries },
    freshBytes: freshBytesSince(before, backup, header, entries.frames),
    settle: () => entries.current,
    compared: (entry) => Promise.resolve(entry),
    hashOf: (entry) => Promise.resolve(entry.sha256),
    finish: () => entries.finish(),
    close: () => entries.close(),
  };
}

export async function projectSide(context: RunContext, options: ProjectEntriesOptions): Promise<LaterSide> {
  const entries = await ProjectEntries.open(context, options);
  return {
    entries,
    targets: defineTargets(context.settings).map(({ name }) => name),
    databases: { copies: entries.copies },
    freshBytes: () => undefined,
    settle: (before) => (entries.current === undefined ? undefined : entries.asStored(entries.current, before)),
    compared: (entry, before) => entries.compared(entry, before),
    hashOf: (entry) => entries.hashOf(entry),
    finish: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
