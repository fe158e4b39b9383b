import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

/** One line of a manifest, as it stands there. */
export type ManifestJson = Record<string, unknown>;

/**
 * Changes the manifest of a backup as an enemy does who knows the format: the counts of its last line and the checksum in
 * metadata.json fit again afterwards.
 */
export function forgeManifest(folder: string, change: (lines: ManifestJson[]) => ManifestJson[]): void {
  const manifestFile = join(folder, 'manifest.jsonl.gz');
  const lines = gunzipSync(readFileSync(manifestFile)).toString().trimEnd().split('\n');
  const changed = change(lines.slice(0, -1).map((line) => JSON.parse(line) as ManifestJson));
  const count = (key: string): number => changed.filter((line) => key in line).length;
  const end = { end: { entries: count('path'), frames: count('frame') } };
  const text = [...changed, end].map((line) => `${JSON.stringify(line)}\n`).join('');
  writeFileSync(manifestFile, gzipSync(text));

  const metadataFile = join(folder, 'metadata.json');
  const metadata = JSON.parse(readFileSync(metadataFile, 'utf8')) as ManifestJson;
  metadata['checksum'] = `sha256:${createHash('sha256').update(text).digest('hex')}`;
  metadata['targets'] = totalsOf(changed);
  writeFileSync(metadataFile, JSON.stringify(metadata));
}

function totalsOf(lines: readonly ManifestJson[]): Record<string, { files: number; size: number }> {
  const totals: Record<string, { files: number; size: number }> = {};
  for (const line of lines) {
    if (typeof line['path'] !== 'string') continue;
    const of = (totals[line['path'].split('/')[0] ?? ''] ??= { files: 0, size: 0 });
    if (line['kind'] !== 'file') continue;
    of.files += 1;
    of.size += Number(line['size']);
  }
  return totals;
}
