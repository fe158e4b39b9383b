import type { ManifestHeader } from './manifest.ts';

/** One archive of those that a backup is in. */
export interface ChainArchive {
  /** The ID of the backup whose own it is. */
  backup: string;
  /** Its name; it is looked for beside the backup's folder. */
  file: string;
  /** As in the metadata: gzip, zstd and so on. */
  compression: string;
  /** Where it lay, absolute, when that was not the store. */
  folder?: string;
}

/** All archives of a manifest's chain, the oldest first and its backup's own last; in the header the own one is first. */
export function chainArchivesOf(header: ManifestHeader): ChainArchive[] {
  const [own, ...others] = header.archives;
  if (own === undefined) return [];
  return [...others, own].map((archive) => ({ ...archive, compression: archive.compression ?? header.compression }));
}
