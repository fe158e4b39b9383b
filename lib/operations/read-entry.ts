import { ContentCheck } from '../archive/content-check.ts';
import type { ContentSink } from '../archive/content.ts';
import { BackupError, reasonOf } from '../core/errors.ts';
import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestEntry, ManifestHeader } from '../store/manifest.ts';
import { archiveOf } from './chain-archives.ts';
import { openContent } from './open-content.ts';
import type { OpenBackup } from './opened-backup.ts';

/** What is read whole into memory is never larger. */
const mostBytes = 64 << 20;

/**
 * One small file of a backup, proven by its hash.
 * @throws BackupError CONTENT_MISMATCH also where it is larger than 64 MiB; ARCHIVE_DAMAGED, BACKUP_UNREADABLE, INTERRUPTED; and
 * what `unlock` throws.
 */
export async function readEntry(
  backup: OpenBackup,
  parts: { header: ManifestHeader; frames: FrameTable; signal: AbortSignal },
  entry: ManifestEntry,
): Promise<Buffer> {
  if (entry.size > mostBytes)
    throw mismatch(backup, entry, `${entry.size} bytes where at most ${mostBytes} are expected`);
  const sink = new BufferSink(backup);
  if (parts.header.layout === 'zip') await readFromZip(backup, entry, sink);
  else {
    const reader = await openContent(backup, parts.header, parts.frames, {
      signal: parts.signal,
      scratch: () => {
        throw new TypeError('only a zip is unpacked');
      },
    });
    try {
      await reader.read(alone(entry), sink);
    } finally {
      reader.close();
    }
  }
  return sink.content;
}

async function* alone(entry: ManifestEntry): AsyncGenerator<readonly ManifestEntry[]> {
  yield await Promise.resolve([entry]);
}

/** Where it is in the zip: to unpack all of it for one file would take as long as a restore. */
async function readFromZip(backup: OpenBackup, entry: ManifestEntry, sink: BufferSink): Promise<void> {
  const { readZipEntry } = await import('../archive/zip-reader.ts');
  const salt = backup.metadata.archive?.encryption?.salt;
  const opener = salt === undefined ? undefined : await (await backup.unlock()).opener(Buffer.from(salt, 'hex'));
  const name = entry.storedAs ?? entry.path;
  const content = await readZipEntry(archiveOf(backup), name, { maxBytes: entry.size, opener });
  if (content === undefined) throw mismatch(backup, entry, 'the zip does not hold it');
  sink.begin(entry);
  sink.bytes(entry, content);
  sink.end(entry);
}

class BufferSink implements ContentSink {
  private readonly backup: OpenBackup;
  private readonly parts: Buffer[] = [];
  private check: ContentCheck | undefined;

  constructor(backup: OpenBackup) {
    this.backup = backup;
  }

  get content(): Buffer {
    return Buffer.concat(this.parts);
  }

  begin(entry: ManifestEntry): void {
    this.check = new ContentCheck(entry);
  }

  bytes(_: ManifestEntry, bytes: Buffer): void {
    this.check?.bytes(bytes);
    this.parts.push(Buffer.from(bytes));
  }

  end(entry: ManifestEntry): void {
    const problem = this.check?.problem();
    if (problem === undefined) return;
    const { code, found, expected } = problem;
    const sizes = `${found} bytes where ${expected} are expected`;
    throw mismatch(this.backup, entry, code === 'entry-size' ? sizes : 'its SHA-256 differs');
  }

  failed(entry: ManifestEntry, error: Error): void {
    if (error instanceof BackupError) throw error;
    throw mismatch(this.backup, entry, reasonOf(error));
  }
}

const mismatch = ({ id }: OpenBackup, { path }: ManifestEntry, problem: string): BackupError =>
  new BackupError('CONTENT_MISMATCH', { backup: id, path, problem });
