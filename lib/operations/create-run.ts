import { basename, join } from 'node:path';
import type { AddOutcome, PayloadWriter } from '../archive/payload.ts';
import { makeFolder, writeNewFile } from '../core/durable-files.ts';
import type { DatabaseSummary, SourceEntry } from '../core/entry.ts';
import { BackupError } from '../core/errors.ts';
import { finding, meansIncomplete, type Finding } from '../core/findings.ts';
import { readGitState } from '../core/git-state.ts';
import { chainArchivesOf } from '../store/chain-archive.ts';
import type { NextId } from '../store/backup-id.ts';
import { BlockCache } from '../store/block-cache.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { ManifestWriter } from '../store/manifest-writer.ts';
import type { Metadata } from '../store/metadata.ts';
import { publishBackup } from '../store/publish-backup.ts';
import { ReadableManifest } from '../store/readable-manifest.ts';
import { manifestName } from '../store/sealed-names.ts';
import { restoreInstructions, type PlacedSource } from '../store/restore-instructions.ts';
import { elsewhereNote, listStore, type Store, type StoredBackup } from '../store/store.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import { archivePlace, type ArchivePlace } from './archive-place.ts';
import { chooseBase, type ChosenMode } from './choose-base.ts';
import { collectEntries } from './collect-entries.ts';
import {
  createResult,
  type CreateRequest,
  type CreateResult,
  type CreateWatch,
  type TargetTotals,
} from './create-result.ts';
import { DatabaseChanges } from './database-changes.ts';
import { DatabaseCopier } from './database-copier.ts';
import { environmentKey } from './environment-key.ts';
import { adoptKeys, keepKeys } from './key-cache.ts';
import { knownDatabases } from './known-databases.ts';
import { manifestHeader } from './manifest-header.ts';
import { archiveSummary, newMetadata, type KnownMetadata } from './new-metadata.ts';
import { openPayload } from './open-payload.ts';
import { expectationOf, PackProgress } from './pack-progress.ts';
import type { RunContext } from './run-context.ts';
import { instructionsHash, type Sealing } from './sealing.ts';
import { SinceFilter } from './since-filter.ts';

/** More findings than this are counted, not listed. */
const mostFindings = 1000;

/** A database was packed before its check said that it is not whole: the run has to begin again, and wait for each check. */
export class UnprovenCopy extends Error {}

/** One run of create, in a store whose lock it holds: collects, packs, and publishes. */
export class CreateRun {
  private readonly context: RunContext;
  private readonly request: CreateRequest;
  private readonly store: Store;
  private readonly next: NextId;
  private readonly workFolder: string;
  private readonly findings: Finding[] = [];
  private unlistedFindings = 0;
  private isIncomplete = false;
  private readonly totals: Record<string, Required<TargetTotals>> = {};
  private readonly databases: DatabaseSummary[] = [];
  private readonly envEncrypted: string[] = [];
  private readonly placed: PlacedSource[] = [];
  private hasFound = false;
  private storedEntries = 0;
  private readonly watch: CreateWatch | undefined;
  private progress: PackProgress;
  private chosen: ChosenMode = { mode: 'full', findings: [] };
  private filter: SinceFilter | undefined;
  private readonly isTrusting: boolean;
  private readonly sealing: Sealing | undefined;
  private changes: DatabaseChanges;

  constructor(
    context: RunContext,
    request: CreateRequest,
    store: Store,
    next: NextId,
    workFolder: string,
    options: { watch?: CreateWatch | undefined; isTrusting: boolean; sealing: Sealing | undefined },
  ) {
    this.watch = options.watch;
    this.isTrusting = options.isTrusting;
    this.sealing = options.sealing;
    this.context = context;
    this.request = request;
    this.store = store;
    this.next = next;
    this.workFolder = workFolder;
    this.progress = new PackProgress(context.events, {});
    this.changes = new DatabaseChanges(context.settings.root, undefined);
  }

  report(one: Finding): void {
    this.isIncomplete ||= meansIncomplete([one]);
    if (this.findings.length < mostFindings) this.findings.push(one);
    else this.unlistedFindings += 1;
    this.context.events.emit('finding', one);
  }

  async create(targets: readonly TargetDefinition[]): Promise<CreateResult> {
    const { context, request, next, store } = this;
    const { settings, clock, events } = context;
    const startedMs = clock.monotonicMs();
    const git = readGitState(settings.root, context.environment);
    const { backups } = await listStore(store);
    const names = targets.map((target) => target.name);
    const { sealing } = this;
    const environment = await environmentKey(context, targets, sealing);
    const cached = sealing === undefined ? environment : sealing.lasting;
    if (cached !== undefined) await adoptKeys(store, cached.secret, cached.salt);
    const chosen = await chooseBase(context, request, names, backups, store, sealing);
    this.chosen = chosen;
    for (const one of chosen.findings) this.report(one);
    if (request.rehash !== true) this.changes = new DatabaseChanges(settings.root, chosen.base);
    this.filter = request.since === undefined ? undefined : new SinceFilter(request.since, chosen.base);

    const folder = join(this.workFolder, 'folder');
    makeFolder(folder, store.modes.folder);
    const manifestFile = join(folder, manifestName(sealing !== undefined));
    const place = archivePlace(settings, store, request, next, this.workFolder, sealing !== undefined);
    this.noteElsewhere(place);
    const header = manifestHeader(next.id, settings.storage, targets, {
      archive: place?.file,
      base: chosen.base,
      ...(sealing === undefined ? {} : { salt: sealing.salt }),
    });
    const readable = sealing?.wrapped === undefined ? undefined : new ReadableManifest(store, next.id, this.workFolder);
    const seal = await sealing?.manifestSeal();
    const manifest = new ManifestWriter(manifestFile, header, store.modes.file, seal, readable?.file);
    const blockCache = this.keepsBlocks() ? new BlockCache(store) : undefined;
    const copier = new DatabaseCopier(context, this.workFolder, this.placed, this.isTrusting);
    this.noteClock(backups[0]);
    this.progress = new PackProgress(events, expectationOf(backups, targets));
    const payload = await openPayload({
      storage: settings.storage,
      store,
      manifest,
      archiveFile: place?.temporary ?? '',
      folder,
      begunAt: next.time,
      chosen,
      rehash: request.rehash === true,
      blockCache,
      signal: context.signal,
      sealer: sealing?.archiveSealer(),
    });
    try {
      events.emit('phase', 'scan');
      const collector = collectEntries(context, targets, {
        report: (one) => this.report(one),
        onPlaced: (one) => this.placed.push(one),
        onDatabase: (origin) => {
          if (!this.changes.isUncommitted(origin)) void copier.start(origin);
        },
        knownDatabases: new Set([...knownDatabases(backups), ...(this.watch?.knownDatabases ?? [])]),
        environmentKey: environment,
      });
      events.emit('phase', 'pack');
      for (const target of targets) await this.packTarget(target, await collector.entriesOf(target), payload, copier);
      // The environment alone is no backup: the project is empty, or its disk is not mounted.
      if (!this.hasFound && this.filter?.hasLeftOut !== true) {
        throw new BackupError('NOTHING_TO_BACK_UP', { root: settings.root, targets: targets.map((one) => one.name) });
      }
      events.emit('phase', 'publish');
      await payload.finishEntries();
      const finishedManifest = await manifest.finish();
      const gitState = await git;
      let metadata = this.describe({
        checksum: `sha256:${finishedManifest.sha256}`,
        duration: clock.monotonicMs() - startedMs,
        ...(gitState === undefined ? {} : { git: gitState }),
        ...(place === undefined ? {} : { archive: await archiveSummary(place, settings.storage, sealing) }),
        ...(sealing === undefined ? {} : { manifest: { file: basename(manifestFile), ...finishedManifest.stored } }),
      });
      const authenticate = await sealing?.authenticator();
      const finished = await payload.finish({
        manifestFile,
        manifestBytes: finishedManifest.size,
        metadata,
        ...(sealing === undefined ? {} : { opener: await sealing.manifestOpener() }),
        ...(authenticate === undefined ? {} : { authenticate }),
      });
      metadata.storedSize = finished.storedBytes;
      metadata.duration = Math.round(clock.monotonicMs() - startedMs);
      if (metadata.archive !== undefined) metadata.archive = { ...metadata.archive, ...finished.archive };
      await this.awaitProofs(copier);
      const restoreText = restoreInstructions(metadata, this.placed, chainArchivesOf(header));
      metadata = authenticate?.({ ...metadata, instructions: instructionsHash(restoreText) }) ?? metadata;
      const published = publishBackup(store, {
        metadata,
        folder,
        restoreInstructions: restoreText,
        ...(place === undefined ? {} : { archive: place.temporary }),
        ...(sealing?.wrapped === undefined ? {} : { wrapped: sealing.wrapped }),
      });
      readable?.publish([{ id: metadata.id, metadata }, ...backups]);
      if (cached !== undefined) await keepKeys(store, cached.secret, cached.salt);
      const isOfAll = request.targets === undefined && request.since === undefined;
      blockCache?.publish({ removesUnused: isOfAll });
      return createResult(metadata, this.totals, { store: store.path, directory: published });
    } catch (error) {
      blockCache?.abandon();
      await Promise.allSettled([payload.abort(), manifest.abort()]);
      throw error;
    } finally {
      // The copies' folder is removed next: nobody may write into it any more.
      await copier.settle();
    }
  }

  private async packTarget(
    target: TargetDefinition,
    entries: Iterable<SourceEntry>,
    payload: PayloadWriter,
    copier: DatabaseCopier,
  ): Promise<void> {
    const { clock, signal } = this.context;
    const startedMs = clock.monotonicMs();
    const totals = { files: 0, size: 0, duration: 0 };
    for (const scanned of entries) {
      if (signal.aborted) throw new BackupError('INTERRUPTED', {});
      if (this.filter !== undefined && (await this.filter.leavesOut(scanned))) continue;
      if (scanned.database === undefined) {
        const packed = this.pack(scanned, payload, totals);
        if (packed !== undefined) await packed;
        continue;
      }
      const kept = this.changes.keptEntry(scanned);
      if (kept !== undefined) {
        if (kept.summary !== undefined) this.databases.push(kept.summary);
        await this.pack(kept.entry, payload, totals);
        if (scanned.origin !== undefined) this.watch?.onStored(scanned.origin, true);
        continue;
      }
      const copied = await copier.copyOf(scanned);
      for (const one of copied.findings) this.report(one);
      if (copied.summary !== undefined) this.databases.push(copied.summary);
      const storedBefore = this.storedEntries;
      for (const entry of copied.entries) {
        this.progress.tell();
        await this.pack(entry, payload, totals);
      }
      const isStored = copied.entries.length > 0 && this.storedEntries === storedBefore + copied.entries.length;
      // A corrupt database rests under other names, and is kept all the same.
      if (isStored && scanned.origin !== undefined) this.watch?.onStored(scanned.origin, true);
    }
    totals.duration = Math.round(clock.monotonicMs() - startedMs);
    this.totals[target.name] = totals;
  }

  /** Copies were packed while they were still being checked: a backup of one that is not whole is never published. */
  private async awaitProofs(copier: DatabaseCopier): Promise<void> {
    const problem = await copier.firstUnproven();
    if (this.context.signal.aborted) throw new BackupError('INTERRUPTED', {});
    if (problem !== undefined) throw new UnprovenCopy('a database that was packed is not whole', { cause: problem });
  }

  /** For the backups that are going to build on this one; none builds on a safety backup. */
  private keepsBlocks(): boolean {
    return this.context.settings.storage.format === 'tar' && this.request.type !== 'pre-restore';
  }

  /** Stores one entry; a promise only where it has to be waited for, as most are stored at once. */
  private pack(entry: SourceEntry, payload: PayloadWriter, totals: TargetTotals): Promise<void> | undefined {
    const added = payload.add(this.progress.follow(entry));
    if (added instanceof Promise) return added.then((outcome) => this.notePacked(outcome, totals, entry.holds));
    this.notePacked(added, totals, entry.holds);
    return undefined;
  }

  /** @param holds the files of the project that an entry was made of. */
  private notePacked(
    { stored, finding: problem }: AddOutcome,
    totals: TargetTotals,
    holds: readonly string[] | undefined,
  ): void {
    if (problem !== undefined) this.report(problem);
    this.hasFound ||= isOfProject(stored);
    this.progress.forgetReading();
    if (stored !== undefined) this.noteStored(stored);
    if (stored?.kind !== 'file') return;
    if (holds !== undefined) this.noteHeld(stored.path, holds);
    totals.files += 1;
    totals.size += stored.size;
    this.progress.count(stored.size);
  }

  private noteStored({ kind, origin, database }: ManifestEntry): void {
    this.storedEntries += 1;
    if (kind !== 'directory' && origin !== undefined) this.watch?.onStored(origin, database !== undefined);
  }

  private noteHeld(path: string, origins: readonly string[]): void {
    this.envEncrypted.push(path);
    for (const origin of origins) this.watch?.onStored(origin, false);
  }

  /** Told once: when the newest backup has a time that is right again, its ID alone is ahead. */
  private noteClock(newest: StoredBackup | undefined): void {
    const { behind, time } = this.next;
    if (behind === undefined || (newest !== undefined && Date.parse(newest.metadata.timestamp) <= time.getTime()))
      return;
    this.report(finding('clock-went-back', { found: behind }));
  }

  /** What a kill leaves outside of the store, the next run is to find. */
  private noteElsewhere(place: ArchivePlace | undefined): void {
    if (place?.folder === undefined) return;
    writeNewFile(join(this.workFolder, elsewhereNote), place.temporary, this.store.modes.file);
  }

  private describe(known: KnownMetadata): Metadata {
    const { request, next, chosen, totals, progress, findings, databases, envEncrypted } = this;
    const leftOut = this.filter?.finding();
    if (leftOut !== undefined) this.report(leftOut);
    if (this.unlistedFindings > 0) findings.push(finding('more-findings', { count: this.unlistedFindings }));
    const { host, settings } = this.context;
    const { files, bytes } = progress;
    const isComplete = !this.isIncomplete;
    const held = { totals, files, bytes, findings, isComplete, databases, envEncrypted };
    return newMetadata({ request, next, chosen, host, layout: settings.storage.format }, held, known);
  }
}

function isOfProject(stored: ManifestEntry | undefined): boolean {
  if (stored === undefined || stored.kind === 'directory') return false;
  return stored.origin !== undefined || !stored.path.endsWith('/environment.json');
}
