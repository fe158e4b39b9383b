import { lstatSync, readlinkSync } from 'node:fs';
import { finding, type Finding } from '../core/findings.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';
import { entriesOnly } from '../store/manifest.ts';
import type { OpenBackup } from './opened-backup.ts';

/** A plain tree keeps links as links and folders as folders, so they are compared with the manifest where they lie. */
export async function checkTreeLinks(backup: OpenBackup, onProblem: (problem: Finding) => void): Promise<void> {
  for await (const batch of entriesOnly(backup.readManifest(), (entry) => entry.kind !== 'file')) {
    for (const { kind, path, linkTarget } of batch) {
      const file = toSystemPath(`${backup.folder ?? ''}/${path}`);
      const stat = lstatSync(file, { throwIfNoEntry: false });
      const isThere = kind === 'directory' ? stat?.isDirectory() : stat?.isSymbolicLink();
      if (isThere !== true) onProblem(finding('entry-missing', { path }));
      else if (kind === 'symlink' && decodePath(readlinkSync(file, 'buffer')) !== linkTarget) {
        onProblem(finding('entry-damaged', { path, reason: 'the link says something else' }));
      }
    }
  }
}
