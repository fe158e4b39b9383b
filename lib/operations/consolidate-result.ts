import type { CreateResult } from './create-result.ts';

/** What a consolidation is asked for. */
export interface ConsolidateRequest {
  /** The new backup's name. */
  name?: string;
  /** Only tell what would be done. */
  dryRun?: boolean;
}

/** The fields of `backup:consolidate --json`. */
export type ConsolidateResult = ConsolidatedBackup | PlannedConsolidation | StandsAlone;

/** How the content of a new full backup came into its archive. */
export interface ConsolidatedBytes {
  /** Stored bytes of frames that were copied as they are. */
  copiedBytes: number;
  /** Bytes of content that were unpacked and packed anew. */
  repackedBytes: number;
}

export interface ConsolidatedBackup extends CreateResult, ConsolidatedBytes {
  consolidatedFrom: string;
  /** The backups that were needed for it until now, oldest first. */
  chain: string[];
}

export interface PlannedConsolidation extends ConsolidatedBytes {
  dryRun: true;
  consolidatedFrom: string;
  chain: string[];
  files: number;
  size: number;
}

/** Nothing was to be done: the backup needs no other. */
export interface StandsAlone {
  id: string;
  standsAlone: 'full' | 'zip' | 'directory';
}
