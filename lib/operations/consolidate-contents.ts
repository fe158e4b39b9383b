import { availableParallelism } from 'node:os';
import { ContentCheck } from '../archive/content-check.ts';
import type { ConsolidatedTar } from '../archive/consolidated-tar.ts';
import type { ContentSink } from '../archive/content.ts';
import { FrameContent } from '../archive/frame-content.ts';
import { BackupError, reasonOf } from '../core/errors.ts';
import type { ManifestEntry } from '../store/manifest.ts';
import { openArchive } from './chain-archives.ts';
import { consolidationSteps, type ConsolidationStep } from './consolidation-steps.ts';
import type { ConsolidationPlan } from './plan-consolidation.ts';

/** What is done when its turn has come: it waits in line with the contents that are read ahead, as an entry without any. */
class Turn implements ManifestEntry {
  readonly path = '';
  readonly kind = 'directory';
  readonly mode = 0;
  readonly mtimeNs = 0n;
  readonly uid = 0;
  readonly gid = 0;
  readonly size = 0;
  readonly take: () => void | Promise<void>;

  constructor(take: () => void | Promise<void>) {
    this.take = take;
  }
}

export interface ConsolidateContents {
  plan: ConsolidationPlan;
  tar: ConsolidatedTar;
  signal: AbortSignal;
  /** Told of each entry once it is in the new archive. */
  onEntry: (entry: ManifestEntry) => void;
}

/**
 * Takes each entry's content into the new archive, copied or packed anew. Frames are read and unpacked ahead, several at once.
 * @returns the bytes of content that were packed anew.
 * @throws BackupError ARCHIVE_DAMAGED, CONTENT_MISMATCH, CODEC_UNAVAILABLE, INTERRUPTED
 */
export async function consolidateContents(options: ConsolidateContents): Promise<number> {
  const { plan, signal } = options;
  const { source, header, frames } = plan;
  const sink = new ConsolidatingSink(options);
  const reader = new FrameContent({
    frames,
    openArchive: (index) => openArchive(source, header, index),
    parallel: availableParallelism() + 2,
    archives: header.archives.length,
    signal,
  });
  try {
    await reader.read(sink.entries(), sink);
  } finally {
    reader.close();
  }
  return sink.repackedBytes;
}

class ConsolidatingSink implements ContentSink {
  repackedBytes = 0;
  private readonly options: ConsolidateContents;
  private check: ContentCheck | undefined;

  constructor(options: ConsolidateContents) {
    this.options = options;
  }

  /** What the reader is to read: contents, and between them entries without any, whose turn comes in that order. */
  async *entries(): AsyncGenerator<ManifestEntry[]> {
    for await (const steps of consolidationSteps(this.options.plan)) {
      yield steps.flatMap((step) => this.entriesOf(step));
    }
  }

  begin(): void {
    // Whatever has to come before an entry is the turn of the one before it.
  }

  bytes(_: ManifestEntry, bytes: Buffer): void | Promise<void> {
    this.repackedBytes += bytes.length;
    this.check?.bytes(bytes);
    return this.options.tar.bytes(bytes);
  }

  end(entry: ManifestEntry): void | Promise<void> {
    return entry instanceof Turn ? entry.take() : undefined;
  }

  failed(entry: ManifestEntry, error: Error): void {
    if (error instanceof BackupError) throw error;
    throw this.mismatch(entry, reasonOf(error));
  }

  private entriesOf(step: ConsolidationStep): ManifestEntry[] {
    const { tar, plan, onEntry } = this.options;
    if (step.do === 'copy') {
      const { frames, entries } = step;
      // Each entry waits in line by itself, so that no more of them do than the reader lets.
      return [new Turn(() => tar.copyRun(frames, entries)), ...entries.map((one) => new Turn(() => onEntry(one)))];
    }
    const { entry, pieces, parts } = step;
    const begin = new Turn(() => {
      // Of what is copied in part the frames' hashes are proven, and not the file's.
      this.check = parts === undefined && entry.kind === 'file' ? new ContentCheck(entry) : undefined;
      return tar.begin(entry);
    });
    const end = new Turn(() => {
      const problem = this.check?.problem();
      if (problem?.code === 'entry-hash') throw this.mismatch(entry, 'its SHA-256 differs');
      if (problem !== undefined) {
        throw this.mismatch(entry, `${problem.found} bytes where ${problem.expected} are expected`);
      }
      tar.end(entry.size);
      onEntry(entry);
    });
    if (entry.size === 0) return [begin, end];
    if (parts === undefined || pieces === undefined) return [begin, entry, end];
    const between = parts.map((part) => {
      if ('frame' in part) return new Turn(() => tar.frame(plan.frames.get(part.frame)));
      const { at: _, ...rest } = entry;
      const extents = Float64Array.from(pieces.slice(part.from, part.to));
      return { ...rest, size: part.to - part.from, extents };
    });
    return [begin, ...between, end];
  }

  private mismatch({ path }: ManifestEntry, problem: string): BackupError {
    return new BackupError('CONTENT_MISMATCH', { backup: this.options.plan.source.id, path, problem });
  }
}
