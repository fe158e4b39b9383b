import type { Finding } from '../core/findings.ts';
import type { PathSet } from '../core/path-set.ts';
import type { Decision, OverwritePolicy, RestoreAction } from './restore-decision.ts';

/** What a restore is asked for. */
export interface RestoreRequest {
  /** Names of targets; all where absent. */
  targets?: string[];
  /** Globs, files or folders, as paths in the project or in the backup; all where absent. */
  include?: string[];
  /** The folder to write to, absolute; the project root where absent. */
  destination?: string;
  overwrite: OverwritePolicy;
  deleteExtra: boolean;
  skipBackup: boolean;
  /** Read everything back afterwards and compare. */
  verify: boolean;
  /**
   * Restore what is whole of a backup that is damaged; what is not is named. Archives that someone else made have no
   * such parts.
   */
  force?: boolean;
}

export interface PlannedAction {
  action: RestoreAction;
  /** Below the destination. */
  path: string;
  reason?: Decision['reason'];
}

/** What a restore is going to do. Nothing has been changed yet. */
export interface RestorePlan {
  id: string;
  destination: string;
  /** How many files and links each action is for. */
  counts: Record<RestoreAction, number>;
  /** Entries of the backup that were asked for. */
  matched: number;
  /** Folders that are missing, or exist with another mode than in the backup: reason enough for a restore. */
  folders: number;
  /** Folders of which only the time differs: they get it with whatever else is restored. */
  folderTimes: number;
  /** True where existing folders keep mode and time. */
  keepsFolders: boolean;
  /** Bytes that will be written. */
  bytes: number;
  /** Every action but `unchanged`, or the first of them, as the caller asked. */
  actions: PlannedAction[];
  /**
   * Everything that is overwritten or deleted, and every folder that holds such a thing: all of it, however short the
   * list is.
   */
  changed: PathSet;
  /** Existing databases that get their content through the online backup API, in use or not. */
  databases: string[];
  /** Existing SQLite databases in whose place something comes that is none: their logs must not survive them. */
  replacedDatabases: string[];
  /** Places of files that are called like a database's log and that the backup itself holds. */
  heldLogs: Set<string>;
  /** True when the destination is the project itself. */
  isProject: boolean;
  /** True when what is there now is backed up first. */
  takesSafetyBackup: boolean;
  warnings: Finding[];
}

/** The fields of `backup:restore --json`. */
export interface RestoreResult {
  id: string;
  dryRun: boolean;
  destination: string;
  safetyBackup?: string;
  created: number;
  overwritten: number;
  unchanged: number;
  kept: number;
  deleted: number;
  /** Folders that are made, or get their mode or time back, as the plan counts them; a dry run and a command tell. */
  folders?: number;
  /** What a forced restore could not give back whole; `warnings` name it. */
  notRestored?: number;
  bytes: number;
  duration: number;
  actions?: PlannedAction[];
  warnings: Finding[];
}

/** True when there is anything to restore. */
export const hasWork = ({ counts, folders }: RestorePlan): boolean =>
  counts.create + counts.overwrite + counts.delete + folders > 0;

/** How many folders are made, or get their mode or time back. */
export const changedFolders = (plan: RestorePlan): number => (hasWork(plan) ? plan.folders + plan.folderTimes : 0);
