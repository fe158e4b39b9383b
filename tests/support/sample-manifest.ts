import type { FrameLine, ManifestEntry, ManifestHeader } from '../../lib/store/manifest.ts';

/** Whose the entries of the sample are, where they do not say it. */
export const owner = { uid: 1000, gid: 1000 };
/** A SHA-256 of nothing. */
export const hash = 'ab'.repeat(32);
export const header: ManifestHeader = {
  manifest: 1,
  backup: 'backup-2026-06-19T12-00-00-000Z-abc123',
  layout: 'tar',
  compression: 'gzip',
  archives: [{ backup: 'backup-2026-06-19T12-00-00-000Z-abc123', file: 'a.tar.gz' }],
  owner,
  targets: [{ name: 'state', sources: ['state/'], exclude: ['*.tmp'] }],
};

export const frameLine = (frame: number, fields: Partial<FrameLine> = {}): FrameLine => ({
  frame,
  archive: 0,
  offset: frame * 100,
  storedSize: 100,
  size: 1000,
  sha256: hash,
  ...fields,
});

export function plainEntry(path: string): ManifestEntry {
  return { path, origin: path, kind: 'file', mode: 0o644, mtimeNs: 1n, ...owner, size: 3, sha256: hash };
}
