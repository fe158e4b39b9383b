import { pathToBytes } from '../core/path-bytes.ts';
import type { ProjectFiles } from '../targets/find-project-files.ts';
import { excludeMatcher, isExcludedWithParents } from '../targets/path-matcher.ts';
import { hasDatabases, type TargetDefinition } from '../targets/target-definitions.ts';

/**
 * The databases of a project: those that the walk through it found, and those that a target's scan comes upon. Which of
 * them a database target takes in is told as soon as it is known, so that its copying can begin.
 */
export class FoundDatabases {
  private readonly found: ProjectFiles;
  private readonly all: Set<string>;
  private readonly takenIn = new Set<string>();
  private readonly takesIn: (origin: string) => boolean;
  private readonly onTakenIn: (origin: string) => void;

  /** @param found its lists of databases grow with what is added. */
  constructor(found: ProjectFiles, targets: readonly TargetDefinition[], onTakenIn: (origin: string) => void) {
    this.found = found;
    this.all = new Set(found.databases);
    this.onTakenIn = onTakenIn;
    const matchers = targets.filter(hasDatabases).map((target) => excludeMatcher(target.exclude));
    // Not each one that a target's folder holds is found, or wanted there.
    this.takesIn = (origin) => matchers.some((isExcluded) => !isExcludedWithParents(origin, isExcluded));
    for (const origin of found.databases) this.take(origin);
  }

  has(origin: string): boolean {
    return this.all.has(origin);
  }

  isTakenIn(origin: string): boolean {
    return this.takenIn.has(origin);
  }

  /** A scan came upon one, in a folder that the walk left to it. */
  add(origin: string): void {
    this.all.add(origin);
    insertInWalkOrder(this.found.databases, origin);
    this.take(origin);
  }

  private take(origin: string): void {
    if (!this.takesIn(origin)) return;
    this.takenIn.add(origin);
    this.onTakenIn(origin);
  }
}

/** Which of two files gets a name that both could have is settled by the order in which a walk finds them. */
function insertInWalkOrder(origins: string[], origin: string): void {
  const at = origins.findIndex((other) => inWalkOrder(other, origin) > 0);
  origins.splice(at === -1 ? origins.length : at, 0, origin);
}

/** The order of a depth-first walk through folders whose names the system sorts by their bytes. */
export function inWalkOrder(a: string, b: string): number {
  return Buffer.compare(walkKey(a), walkKey(b));
}

// No name holds a NUL, which sorts before every other byte.
const walkKey = (path: string): Buffer => pathToBytes(path.replaceAll('/', '\0'));
