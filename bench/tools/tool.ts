import type { ChildCommand } from '../measure/measure-child.ts';

/** Where a tool works in one measurement. All are absolute; `store` and `destination` are empty folders at first. */
export interface Place {
  /** The project that is backed up. */
  host: string;
  store: string;
  /** Where a restore writes. */
  destination: string;
}

/** A backup tool beside which ours is measured, ours included: what it runs for each action, without a word of measuring. */
export interface BenchTool {
  /** Short and unique: what `--tools` picks, also by its beginning. */
  name: string;
  /** What runs, with its settings, for the reader of a table. */
  label: string;
  /** Why it cannot run on this machine, and what to do about it; absent where it can. */
  missing?: string;
  /** Makes an empty store ready; not measured. */
  begin?(place: Place, run: (command: ChildCommand) => Promise<void>): Promise<void>;
  /** Makes a full backup into the store; `index` counts the backups of one store from 0. */
  backup(place: Place, index: number): ChildCommand;
  /** Makes the backup of a later day, which may build on those that the store holds. Absent where the tool keeps but one. */
  next?(place: Place, index: number): ChildCommand;
  /** Writes the store's newest backup, whose number is `index`, into the destination. */
  restore?(place: Place, index: number): ChildCommand;
  /** Reads every stored byte and checks it. */
  verify?(place: Place): ChildCommand;
  /** Lists the store's backups, where the tool keeps more than one. */
  list?(place: Place): ChildCommand;
  /** Files of the host that the tool leaves out by design. */
  leavesOut?: readonly string[];
}

/** A shell pipeline whose failure is that of any of its parts. */
export function pipeline(script: string, place: Place): ChildCommand {
  return {
    argv: ['bash', '-o', 'pipefail', '-c', script],
    environment: { HOST: place.host, STORE: place.store, DESTINATION: place.destination },
  };
}
