import { createHash, hash as hashOnce } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { isUnchanged } from '../archive/directory-payload.ts';
import { manifestEntryOf } from '../archive/payload.ts';
import { openSource, SourceFile } from '../archive/source-file.ts';
import { Breather } from '../core/breather.ts';
import type { SourceEntry } from '../core/entry.ts';
import { BackupError, isBackupError, isSystemError } from '../core/errors.ts';
import { targetOf, type ManifestEntry } from '../store/manifest.ts';
import { copySqlite } from '../targets/databases/sqlite-driver.ts';
import { defineTargets, hasDatabases, type TargetDefinition } from '../targets/target-definitions.ts';
import type { EnvironmentKey } from '../crypto/env-encryption.ts';
import { collectEntries, type Collector } from './collect-entries.ts';
import { shownPath } from './compare-entries.ts';
import { keyLikeThatOf } from './environment-key.ts';
import { databasesInStore } from './known-databases.ts';
import { databaseState, isUncommitted } from './live-databases.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import type { TargetEntries } from './target-entries.ts';
import { unreadCodes } from './unread-paths.ts';

/** Where what cannot be read is told: its path below the root, and why. */
export type ReportUnread = (path: string, target: string, reason: string) => void;

export interface ProjectEntriesOptions {
  /** The backup that the project is compared with. */
  since: OpenBackup;
  /** Names of the targets that it covers: which ones there are decides where a database stands. */
  covered: ReadonlySet<string>;
  /** The folder for copies of live databases; its owner removes it. */
  scratch: () => Promise<string>;
  onUnread: ReportUnread;
  /** Told of bytes as they are read. */
  onBytes: (bytes: number) => void;
}

const readBytes = 1 << 20;
const readAttempts = 3;

/**
 * The project as a backup would take it in now. Of a file's content no more is read than it takes to tell whether it is
 * that of the backup; a live database is copied hot, and never read as it lies there.
 */
export class ProjectEntries implements TargetEntries {
  /** Copies of databases that differ from the backup's, by their path in a backup. */
  readonly copies = new Map<string, string>();
  current: SourceEntry | undefined;
  private readonly targets: readonly TargetDefinition[];
  private readonly context: RunContext;
  private readonly options: ProjectEntriesOptions;
  private readonly collector: Collector;
  private readonly begunAtNs: bigint;
  private readonly breather = new Breather();
  private readonly buffer = Buffer.allocUnsafeSlow(readBytes);
  private begun = 0;
  private entries: Iterator<SourceEntry> | undefined;
  private copied = 0;

  private constructor(
    context: RunContext,
    options: ProjectEntriesOptions,
    targets: readonly TargetDefinition[],
    known: ReadonlySet<string>,
    key: EnvironmentKey | undefined,
  ) {
    this.context = context;
    this.options = options;
    this.targets = targets;
    this.begunAtNs = BigInt(Date.parse(options.since.metadata.timestamp)) * 1_000_000n;
    this.collector = collectEntries(context, targets, {
      report: ({ code, path = '', target = '', params }) => {
        if (unreadCodes.has(code)) options.onUnread(path, target, params.reason ?? '');
      },
      knownDatabases: known,
      environmentKey: key,
    });
    if (key === undefined) this.noteEncrypted();
    const target = targets.find(hasDatabases);
    if (target === undefined) return;
    for (const { path, reason } of this.collector.found.unsearched) options.onUnread(path, target.name, reason);
  }

  static async open(context: RunContext, options: ProjectEntriesOptions): Promise<ProjectEntries> {
    const targets = defineTargets(context.settings).filter((target) => options.covered.has(target.name));
    const key = await keyLikeThatOf(context, targets, options.since);
    return new ProjectEntries(context, options, targets, await databasesInStore(context, [options.since]), key);
  }

  /** Targets are begun in their order; what is passed over is walked through, for where later ones have theirs depends on it. */
  async begin(target: string): Promise<void> {
    for (; this.begun < this.targets.length; this.begun += 1) {
      const next = this.targets[this.begun];
      if (next === undefined) break;
      this.entries = (await this.collector.entriesOf(next))[Symbol.iterator]();
      this.advance();
      if (next.name === target) {
        this.begun += 1;
        return;
      }
      while (this.current !== undefined) this.advance();
    }
  }

  advance(): undefined {
    const next = this.entries?.next();
    this.current = next === undefined || next.done === true ? undefined : next.value;
  }

  /**
   * The entry as a manifest would have it. Without a hash where it is new, or of another size than `before`.
   * @returns undefined for a file that has vanished, 'unread' for one that cannot be read, which was reported.
   */
  async asStored(
    scanned: SourceEntry,
    before: ManifestEntry | undefined,
  ): Promise<ManifestEntry | 'unread' | undefined> {
    const entry = manifestEntryOf(scanned);
    if (scanned.kind !== 'file') return entry;
    if (scanned.content !== undefined) return { ...entry, sha256: hashOnce('sha256', scanned.content, 'hex') };
    if (before?.kind !== 'file') return entry;
    if (scanned.database !== undefined) {
      const state = databaseState(scanned.readFrom ?? '');
      const isSame = state !== undefined && isUncommitted(state, before, this.begunAtNs);
      return isSame ? { ...entry, size: before.size, sha256: before.sha256 ?? '' } : this.copyDatabase(scanned, before);
    }
    if (isUnchanged(scanned, { entry: before, file: '', begunAtNs: this.begunAtNs })) {
      return { ...entry, sha256: before.sha256 ?? '' };
    }
    return scanned.size === before.size ? this.hashFile(scanned) : entry;
  }

  /** The same for an entry that was given without a hash, as there was nothing to compare it with. */
  compared(entry: ManifestEntry, before: ManifestEntry): Promise<ManifestEntry | 'unread' | undefined> {
    if (entry.kind !== 'file' || entry.sha256 !== undefined) return Promise.resolve(entry);
    return this.asStored(this.scannedOf(entry), before);
  }

  /** The hash of an entry that was given without one; undefined where it cannot be read any more. */
  async hashOf(entry: ManifestEntry): Promise<string | undefined> {
    const scanned = this.scannedOf(entry);
    const stored = entry.database === undefined ? await this.hashFile(scanned) : await this.copyDatabase(scanned);
    return stored === undefined || stored === 'unread' ? undefined : stored.sha256;
  }

  /** Without the key nobody can tell whether the `.env` files are those of the backup. */
  private noteEncrypted(): void {
    const { onUnread, since } = this.options;
    for (const path of since.metadata.envEncrypted ?? []) {
      const target = targetOf(path);
      if (this.targets.some(({ name }) => name === target)) onUnread(path, target, 'no key is given');
    }
  }

  private scannedOf(entry: ManifestEntry): SourceEntry {
    const readFrom = join(this.context.settings.root, shownPath(entry));
    return { ...entry, target: targetOf(entry.path), readFrom };
  }

  private async copyDatabase(
    scanned: SourceEntry,
    before?: ManifestEntry,
  ): Promise<ManifestEntry | 'unread' | undefined> {
    const { clock, signal, databaseTimeoutSeconds } = this.context;
    this.copied += 1;
    const file = join(await this.options.scratch(), `live-${this.copied}`);
    try {
      const { bytes: size } = await copySqlite({
        source: scanned.readFrom ?? '',
        destination: file,
        timeoutMs: databaseTimeoutSeconds * 1000,
        clock,
        signal,
      });
      const copy = await this.hashFile({ ...scanned, size, readFrom: file });
      if (typeof copy !== 'object' || before === undefined || copy.sha256 === before.sha256) rmSync(file);
      else this.copies.set(scanned.path, file);
      return copy;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined;
      if (isBackupError(error, 'DATABASE_LOCKED')) this.unread(scanned, 'it stayed locked');
      else if (isBackupError(error, 'DATABASE_CORRUPT') || isBackupError(error, 'DATABASE_COPY_FAILED')) {
        this.unread(scanned, error.params.problem);
      } else throw error;
      return 'unread';
    }
  }

  /** A file that changes while it is read is read again; what its last reading gave counts. */
  private async hashFile(scanned: SourceEntry): Promise<ManifestEntry | 'unread' | undefined> {
    for (let attempt = 1; ; attempt += 1) {
      const source = openSource(scanned);
      if (!(source instanceof SourceFile)) {
        if (source.vanished) return undefined;
        this.unread(scanned, source.reason);
        return 'unread';
      }
      try {
        const digest = createHash('sha256');
        let size = 0;
        for (;;) {
          const { bytes, problem } = source.readInto(this.buffer, 0, readBytes);
          if (problem !== undefined) {
            this.unread(scanned, problem.reason);
            return 'unread';
          }
          if (bytes === 0) break;
          digest.update(this.buffer.subarray(0, bytes));
          size += bytes;
          this.options.onBytes(bytes);
          if (this.breather.isDue) await this.breather.pause();
          if (this.context.signal.aborted) throw new BackupError('INTERRUPTED', {});
        }
        if (attempt < readAttempts && source.hasChanged()) continue;
        return { ...manifestEntryOf(source.entry), size, sha256: digest.digest('hex') };
      } finally {
        source.close();
      }
    }
  }

  private unread(scanned: SourceEntry, reason: string): void {
    this.options.onUnread(shownPath(scanned), scanned.target, reason);
  }
}
