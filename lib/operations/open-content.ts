import { availableParallelism } from 'node:os';
import type { ContentReader } from '../archive/content.ts';
import { FrameContent } from '../archive/frame-content.ts';
import { TreeContent } from '../archive/tree-content.ts';
import { BackupError } from '../core/errors.ts';
import type { FrameTable } from '../store/frame-table.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import { openArchive } from './chain-archives.ts';
import type { OpenBackup } from './opened-backup.ts';
import { withReadableZip } from './readable-zip.ts';

/**
 * The reader of a backup's contents.
 * @param scratch an empty folder where a zip is unpacked first; its owner removes it.
 */
export async function openContent(
  backup: OpenBackup,
  header: ManifestHeader,
  frames: FrameTable,
  options: { signal: AbortSignal; scratch: () => string },
): Promise<ContentReader> {
  const { signal } = options;
  switch (header.layout) {
    case 'directory': {
      if (backup.folder === undefined) {
        throw new BackupError('MANIFEST_DAMAGED', { backup: backup.id, problem: 'a plain tree without its folder' });
      }
      return new TreeContent(backup.folder, signal);
    }
    case 'zip': {
      const { extractZip } = await import('../archive/zip-reader.ts');
      const folder = options.scratch();
      // Links come back as what they were, wherever they lead; nothing is read or written through one.
      await withReadableZip(backup, header, folder, signal, (zip) =>
        extractZip(zip, folder, { outsideLinks: 'keep', modes: 'none', signal }),
      );
      return new TreeContent(folder, signal);
    }
    case 'tar':
      return new FrameContent({
        frames,
        openArchive: (index) => openArchive(backup, header, index),
        parallel: availableParallelism() + 2,
        archives: header.archives.length,
        signal,
      });
  }
}
