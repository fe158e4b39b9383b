import type { StoreModes } from '../core/durable-files.ts';

/** A folder or file of the store that the toolkit made: never the content of a plain tree. */
export interface StoreItem {
  /** Absolute. */
  path: string;
  kind: 'folder' | 'file';
  /** Permission bits, set-ID and sticky bits among them. */
  mode: number;
  uid: number;
  links: number;
}

/** What is wrong with one of them. Each but `closed` means that somebody else may do what only its owner should. */
export type PermissionFault =
  | 'writable' // by others than the settings allow
  | 'readable' // by others than the settings allow
  | 'closed' // to its own owner
  | 'foreign' // somebody else owns it
  | 'linked'; // its bits are those of another name too

export interface PermissionFinding {
  item: StoreItem;
  fault: PermissionFault;
  /** The mode that it should have; absent where its mode is not for us to change. */
  wanted?: number;
}

/** Who may own what is in a store: the user that runs this, root, and the owner of the project. */
export type Owners = ReadonlySet<number>;

const writing = 0o022;
const anybody = 0o777;
const owner = 0o700;
const setGroup = 0o2000;

/**
 * What is to be told of a store's permissions, and what is to be set, in the order of the items. Bits that are missing for
 * others are no fault: nothing is ever opened to them.
 */
export function findPermissionFaults(
  items: readonly StoreItem[],
  modes: StoreModes,
  owners: Owners,
): PermissionFinding[] {
  return items.flatMap((item) => faultOf(item, item.kind === 'folder' ? modes.folder : modes.file, owners) ?? []);
}

function faultOf(item: StoreItem, allowed: number, owners: Owners): PermissionFinding | undefined {
  if (!owners.has(item.uid)) return { item, fault: 'foreign' };
  const fault = modeFault(item.mode, allowed);
  if (fault === undefined) return undefined;
  // A file with a second name somewhere: what is right here may be wrong there.
  if (item.kind === 'file' && item.links > 1) return { item, fault: 'linked' };
  return { item, fault, wanted: wantedMode(item, allowed) };
}

/** What a mode allows beyond `allowed`, the worst of it. */
export function modeFault(mode: number, allowed: number): 'writable' | 'readable' | 'closed' | undefined {
  const extra = mode & anybody & ~allowed;
  if ((extra & writing) !== 0) return 'writable';
  // A file that its owner alone may run is no worry.
  if ((extra & ~owner) !== 0) return 'readable';
  return (allowed & owner & ~mode) === 0 ? undefined : 'closed';
}

/** Never more for others than there is now. That a folder hands down its group is its owner's choice. */
const wantedMode = ({ kind, mode }: StoreItem, allowed: number): number =>
  (allowed & owner) | (mode & allowed & ~owner) | (kind === 'folder' ? mode & setGroup : 0);
