import { databaseFiles, restoredContent } from './history-databases.ts';
import { storeName } from './make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from './tree-snapshot.ts';

/** The project as it was when a backup was made. */
export interface Moment {
  id: string;
  mode: string;
  format: string;
  /** Where its archive was written; empty where it has none. */
  archive: string;
  files: TreeSnapshot;
  /** What each database said. */
  databases: ReadonlyMap<string, string>;
}

/** Everything below a folder but databases, which are not compared byte by byte, and what is not backed up. */
export function snapshotWithout(databases: Iterable<string>, folder: string): TreeSnapshot {
  const leftOut = [...databases].flatMap(databaseFiles);
  const found = snapshotTree(folder, [storeName, 'data', ...leftOut]);
  // A connection makes files in this one and removes them, whenever it likes.
  const folderOfDatabases = found.get('state/db');
  if (folderOfDatabases !== undefined) found.set('state/db', { ...folderOfDatabases, mtimeNs: 0n });
  return found;
}

/** Throws where a folder is not what the project was: bytes, modes, times, links, and what the databases say. */
export function expectAsThen(
  moment: Moment,
  folder: string,
  how: string,
  options: { withTimes: boolean } = { withTimes: true },
): void {
  const found = snapshotWithout(moment.databases.keys(), folder);
  const differences = treeDifferences(moment.files, found).filter(
    (one) => options.withTimes || !one.includes('mtimeNs'),
  );
  for (const [name, content] of moment.databases) {
    const now = restoredContent(folder, name);
    if (now !== content) differences.push(`${name}: was ${content}, is ${now}`);
  }
  if (differences.length > 0) throw new Error(`${moment.id}, ${how}:\n  ${differences.slice(0, 20).join('\n  ')}`);
}
