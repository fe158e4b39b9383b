import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { codecOf } from '../archive/codecs.ts';
import { ConsolidatedTar, type PackedFrame } from '../archive/consolidated-tar.ts';
import { appendEmbeddedManifest } from '../archive/embedded-manifest.ts';
import type { FrameReader } from '../archive/frame-reader.ts';
import { FrameWriter } from '../archive/frame-writer.ts';
import { defaultLevel } from '../config/default-settings.ts';
import { makeFolder } from '../core/durable-files.ts';
import { toolkitVersion } from '../core/version.ts';
import type { FrameLine, ManifestHeader } from '../store/manifest.ts';
import { ManifestWriter, type FinishedManifest } from '../store/manifest-writer.ts';
import { formatVersion, type ArchiveSummary, type Metadata } from '../store/metadata.ts';
import { publishBackup } from '../store/publish-backup.ts';
import { ReadableManifest } from '../store/readable-manifest.ts';
import { restoreInstructions } from '../store/restore-instructions.ts';
import { manifestName } from '../store/sealed-names.ts';
import { listStore, type Store } from '../store/store.ts';
import { archivePlace, type ArchivePlace } from './archive-place.ts';
import { openArchive } from './chain-archives.ts';
import { consolidateContents } from './consolidate-contents.ts';
import type { ConsolidatedBackup, ConsolidatedBytes, ConsolidateRequest } from './consolidate-result.ts';
import { keepKeys } from './key-cache.ts';
import { PackProgress } from './pack-progress.ts';
import type { ConsolidationPlan } from './plan-consolidation.ts';
import type { RunContext } from './run-context.ts';
import { instructionsHash, type Sealing } from './sealing.ts';
import type { WorkFolder } from './work-folder.ts';

/** One consolidation, in a store whose lock it holds: writes the new full backup, and publishes it. */
export class ConsolidateRun {
  private readonly context: RunContext;
  private readonly request: ConsolidateRequest;
  private readonly store: Store;
  private readonly work: WorkFolder;
  private readonly plan: ConsolidationPlan;
  /** By the monotonic clock, before the plan was made. */
  private readonly startedMs: number;
  private readonly sealing: Sealing | undefined;
  private readonly readers = new Map<number, FrameReader>();

  constructor(
    context: RunContext,
    request: ConsolidateRequest,
    store: Store,
    work: WorkFolder,
    plan: ConsolidationPlan,
    startedMs: number,
    sealing: Sealing | undefined,
  ) {
    this.sealing = sealing;
    this.context = context;
    this.request = request;
    this.store = store;
    this.work = work;
    this.plan = plan;
    this.startedMs = startedMs;
  }

  async consolidate(): Promise<ConsolidatedBackup> {
    const { context, store, plan, work } = this;
    const place = this.place();
    const folder = join(work.path, 'folder');
    makeFolder(folder, store.modes.folder);
    const { sealing } = this;
    const manifestFile = join(folder, manifestName(sealing !== undefined));
    const sealer = sealing?.archiveSealer();
    const level = this.level();
    const frames = new FrameWriter({
      file: place.temporary,
      mode: store.modes.file,
      codec: codecOf(plan.compression),
      level,
      parallel: availableParallelism() + 2,
      signal: context.signal,
      ...(sealer === undefined ? {} : { sealer }),
    });
    const readable = sealing?.wrapped === undefined ? undefined : new ReadableManifest(store, work.next.id, work.path);
    const seal = await sealing?.manifestSeal();
    const manifest = new ManifestWriter(manifestFile, this.header(place), store.modes.file, seal, readable?.file);
    try {
      const bytes = await this.writeContents(frames, manifest);
      context.events.emit('phase', 'publish');
      const finished = await manifest.finish();
      let metadata = await this.metadata(place, finished);
      if (sealing !== undefined) metadata.manifest = { file: basename(manifestFile), ...finished.stored };
      const authenticate = await sealing?.authenticator();
      const mtimeNs = BigInt(work.next.time.getTime()) * 1_000_000n;
      const description = {
        manifestFile,
        manifestBytes: finished.size,
        metadata,
        level,
        mtimeNs,
        ...(sealing === undefined ? {} : { opener: await sealing.manifestOpener() }),
        ...(authenticate === undefined ? {} : { authenticate }),
      };
      const { archive } = await appendEmbeddedManifest(frames, description);
      const { size, sha256 } = await frames.finish();
      metadata.storedSize = size;
      metadata.duration = this.duration();
      if (archive !== undefined) metadata.archive = { ...archive, size, sha256 };
      const restoreText = restoreInstructions(metadata, plan.placed);
      metadata = authenticate?.({ ...metadata, instructions: instructionsHash(restoreText) }) ?? metadata;
      const directory = publishBackup(store, {
        metadata,
        folder,
        archive: place.temporary,
        restoreInstructions: restoreText,
        ...(sealing?.wrapped === undefined ? {} : { wrapped: sealing.wrapped }),
      });
      readable?.publish((await listStore(store)).backups);
      const lasting = sealing?.lasting;
      if (lasting !== undefined) await keepKeys(store, lasting.secret, lasting.salt);
      return this.result(metadata, directory, bytes);
    } catch (error) {
      await Promise.allSettled([frames.abort(), manifest.abort()]);
      throw error;
    } finally {
      for (const reader of this.readers.values()) reader.close();
    }
  }

  private async writeContents(frames: FrameWriter, manifest: ManifestWriter): Promise<ConsolidatedBytes> {
    const { context, plan } = this;
    const { files: totalFiles, size: totalBytes } = plan.source.metadata;
    const progress = new PackProgress(context.events, { totalFiles, totalBytes });
    context.events.emit('phase', 'pack');
    const tar = new ConsolidatedTar(frames, manifest, (line) => this.readPacked(line));
    const repackedBytes = await consolidateContents({
      plan,
      tar,
      signal: context.signal,
      onEntry: ({ kind, size }) => {
        if (kind === 'file') progress.count(size);
      },
    });
    await tar.finish();
    return { copiedBytes: tar.copiedBytes, repackedBytes };
  }

  private async readPacked(line: FrameLine): Promise<PackedFrame> {
    let reader = this.readers.get(line.archive);
    if (reader === undefined) {
      reader = openArchive(this.plan.source, this.plan.header, line.archive);
      this.readers.set(line.archive, reader);
    }
    const packed = await reader.readPacked(line);
    return this.plan.source.isEncrypted ? { packed } : { packed, sha256: line.sha256 };
  }

  private place(): ArchivePlace {
    const { settings } = this.context;
    const storage = { ...settings.storage, format: 'tar', compression: this.plan.compression } as const;
    const place = archivePlace(
      { ...settings, storage },
      this.store,
      this.request,
      this.work.next,
      this.work.path,
      this.sealing !== undefined,
    );
    if (place === undefined) throw new TypeError('a tar has a place');
    return place;
  }

  private level(): number {
    const { compression, compressionLevel } = this.context.settings.storage;
    return compression === this.plan.compression ? compressionLevel : defaultLevel[this.plan.compression];
  }

  private header({ file }: ArchivePlace): ManifestHeader {
    const { header, compression } = this.plan;
    const { id } = this.work.next;
    const encryption = this.sealing === undefined ? {} : { encryption: { salt: this.sealing.salt } };
    return {
      ...header,
      manifest: formatVersion,
      backup: id,
      compression,
      archives: [{ backup: id, file, ...encryption }],
    };
  }

  /** What the source says of its content, and when that was. */
  private async metadata({ file }: ArchivePlace, { sha256 }: FinishedManifest): Promise<Metadata> {
    const { id, metadata: source } = this.plan.source;
    const { next } = this.work;
    const { name } = this.request;
    const encryption = await this.sealing?.summary();
    const archive: ArchiveSummary = {
      file,
      compression: this.plan.compression,
      ...(encryption === undefined ? {} : { encryption }),
    };
    return {
      id: next.id,
      timestamp: source.timestamp,
      version: toolkitVersion,
      format: formatVersion,
      ...(name === undefined ? {} : { name }),
      type: 'manual',
      mode: 'full',
      incremental: false,
      consolidatedFrom: id,
      ...(source.since === undefined ? {} : { since: source.since }),
      chain: [next.id],
      targets: source.targets,
      files: source.files,
      size: source.size,
      storedSize: 0,
      checksum: `sha256:${sha256}`,
      duration: this.duration(),
      layout: 'tar',
      archive,
      warnings: source.warnings,
      complete: source.complete,
      host: source.host,
      ...(source.git === undefined ? {} : { git: source.git }),
      databases: source.databases,
      ...(source.envEncrypted === undefined ? {} : { envEncrypted: source.envEncrypted }),
    };
  }

  private duration(): number {
    return Math.round(this.context.clock.monotonicMs() - this.startedMs);
  }

  private result(metadata: Metadata, directory: string, bytes: ConsolidatedBytes): ConsolidatedBackup {
    const { id, name, type, mode, files, size, storedSize, duration, targets, warnings, complete, archive } = metadata;
    const { source } = this.plan;
    return {
      id,
      ...(name === undefined ? {} : { name }),
      type,
      mode,
      consolidatedFrom: source.id,
      chain: source.metadata.chain,
      directory,
      ...(archive === undefined ? {} : { archive: join(this.store.path, archive.file) }),
      files,
      size,
      storedSize,
      ...bytes,
      duration,
      targets,
      warnings,
      complete,
    };
  }
}
