import type { ManifestEntry } from '../store/manifest.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import type { RestorePlan } from './restore-result.ts';
import type { NameFolding } from './name-folding.ts';
import type { Destination } from './restore-standing.ts';
import type { DatabaseStaging } from './staged-databases.ts';

/** What was staged and proven. */
export interface StagedRestore {
  bytes: number;
  /** Folders that get mode, owner and time once they are in place, outer ones first. */
  folders: { origin: string; entry: ManifestEntry }[];
  owner: { uid: number; gid: number } | undefined;
}

/** A restore as far as it is the same for every kind of backup. */
export interface Placement {
  plan: RestorePlan;
  destination: Destination;
  /** What the safety backup holds. */
  targets: TargetDefinition[];
  /** Places of the backup's databases: what stands there now may be a database, whatever its first bytes say. */
  databases: readonly string[];
  /** Gives every place that may be written to or deleted at, folders excepted, by reading the backup once more. */
  eachPlace: (visit: (place: string) => void) => Promise<void>;
  /** Finds out which names are one to the filesystem of a folder; by trial where it is left out. */
  foldingOf?: (folder: string) => NameFolding;
  /** True where a `.env` file is overwritten: a safety backup holds it only where something encrypts it. */
  replacesEnvFiles?: boolean;
  /** Files to delete, below the destination. */
  extra: string[];
  /** Where a staged database goes, below the destination. */
  placeOf: (entry: ManifestEntry) => string;
  /** Fills the staging folder; `files` does not exist yet. */
  stage: (staging: { files: string; databases: DatabaseStaging }) => Promise<StagedRestore>;
}
