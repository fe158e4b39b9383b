import { finding, type Finding } from '../core/findings.ts';
import { PathSet } from '../core/path-set.ts';
import type { FrameTable } from '../store/frame-table.ts';
import { targetOf, type ManifestEntry, type ManifestHeader } from '../store/manifest.ts';
import type { Metadata } from '../store/metadata.ts';
import { entryBehindLink } from './entry-behind-link.ts';
import type { OpenBackup } from './opened-backup.ts';

/** What reading a manifest to its end proved. */
export interface CheckedManifest {
  header?: ManifestHeader;
  files: number;
  problems: Finding[];
}

type Totals = Map<string, { files: number; size: number }>;

/**
 * Reads the manifest to its end: only then its checksum is proven. Notes its frames, counts what it holds against
 * metadata.json, and looks for entries that would be written through a link.
 * @throws BackupError MANIFEST_DAMAGED, UNSAFE_ENTRY
 */
export async function checkManifest(backup: OpenBackup, frames: FrameTable): Promise<CheckedManifest> {
  const checked: CheckedManifest = { files: 0, problems: [] };
  const targets: Totals = new Map();
  const links = new PathSet();
  for await (const batch of backup.readManifest()) {
    for (const line of batch) {
      if (line.type === 'header') checked.header = line.header;
      else if (line.type === 'frame') frames.add(line.frame);
      else if (line.type === 'entry') {
        count(targets, line.entry);
        if (line.entry.kind === 'symlink') links.add(placeOf(line.entry));
      }
    }
  }
  compareCounts(backup.metadata, targets, checked.problems);
  for (const { files } of targets.values()) checked.files += files;
  const behind = await entryBehindLink(backup, links, placeOf);
  if (behind !== undefined) {
    checked.problems.push(finding('entry-unsafe', { path: behind, reason: 'it lies behind a link' }));
  }
  return checked;
}

const placeOf = (entry: ManifestEntry): string => entry.origin ?? entry.path;

function count(targets: Totals, entry: ManifestEntry): void {
  const name = targetOf(entry.path);
  let totals = targets.get(name);
  if (totals === undefined) targets.set(name, (totals = { files: 0, size: 0 }));
  if (entry.kind !== 'file') return;
  totals.files += 1;
  totals.size += entry.size;
}

function compareCounts(metadata: Metadata, found: Totals, problems: Finding[]): void {
  const names = new Set([...Object.keys(metadata.targets), ...found.keys()]);
  for (const name of names) {
    const expected = (Object.hasOwn(metadata.targets, name) ? metadata.targets[name] : undefined) ?? {
      files: 0,
      size: 0,
    };
    const held = found.get(name) ?? { files: 0, size: 0 };
    if (held.files === expected.files && held.size === expected.size) continue;
    const text = (one: { files: number; size: number }): string => `${one.files} files, ${one.size} bytes`;
    problems.push(finding('count-mismatch', { target: name, expected: text(expected), found: text(held) }));
  }
}
