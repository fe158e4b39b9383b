import type { Metadata } from '../../lib/store/metadata.ts';

export const sampleId = 'backup-2026-06-19T12-00-00-000Z-abc123';

/** The metadata.json of a small whole backup, with some fields of the test's own. */
export function sampleMetadata(fields: Partial<Metadata> = {}): Metadata {
  const id = fields.id ?? sampleId;
  return {
    id,
    timestamp: '2026-06-19T12:00:00.000Z',
    version: '1.0.0',
    format: 1,
    type: 'manual',
    mode: 'full',
    incremental: false,
    chain: [id],
    targets: { state: { files: 1, size: 5 } },
    files: 1,
    size: 5,
    storedSize: 100,
    checksum: `sha256:${'ab'.repeat(32)}`,
    duration: 12,
    layout: 'tar',
    archive: { file: `${id}.tar.gz`, size: 100, sha256: 'cd'.repeat(32), compression: 'gzip' },
    warnings: [],
    complete: true,
    host: 'here',
    databases: [],
    ...fields,
  };
}
