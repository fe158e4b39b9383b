import { join } from 'node:path';
import type { DatabaseSummary, SourceEntry } from '../core/entry.ts';
import { databaseState, isUncommitted } from './live-databases.ts';
import type { Base } from './open-base.ts';

/** Which databases are as the base has them: each is asked about once, for what is committed meanwhile is the next backup's. */
export class DatabaseChanges {
  private readonly root: string;
  private readonly base: Base | undefined;
  private readonly answers = new Map<string, boolean>();

  /** @param base absent where every database is to be copied. */
  constructor(root: string, base: Base | undefined) {
    this.root = root;
    this.base = base;
  }

  /** True when nothing was committed to the database of that origin. */
  isUncommitted(origin: string): boolean {
    const { base } = this;
    if (base === undefined) return false;
    const known = this.answers.get(origin);
    if (known !== undefined) return known;
    const noted = [...base.manifest.databases.values()].find((one) => one.origin === origin);
    const state = noted === undefined ? undefined : databaseState(join(this.root, origin));
    const isSame = noted !== undefined && state !== undefined && isUncommitted(state, noted, base.begunAtNs);
    this.answers.set(origin, isSame);
    return isSame;
  }

  /** The entry of a database whose content the base is to give, and what its metadata says of it; else undefined. */
  keptEntry(scanned: SourceEntry): { entry: SourceEntry; summary?: DatabaseSummary } | undefined {
    const { origin, path, takeOver } = scanned;
    const noted = this.base?.manifest.databases.get(path);
    if (origin === undefined || noted === undefined) return undefined;
    if (takeOver === undefined && !this.isUncommitted(origin)) return undefined;
    const summary = this.base?.backup.metadata.databases.find((one) => one.name === origin);
    const about = summary === undefined ? {} : { summary };
    if (takeOver !== undefined) return { entry: scanned, ...about };
    const { mtimeNs, ctimeNs, inode, live, size } = noted;
    const state = {
      mtimeNs,
      ...(ctimeNs === undefined ? {} : { ctimeNs }),
      ...(inode === undefined ? {} : { inode }),
      ...(live === undefined ? {} : { live }),
    };
    return { entry: { ...scanned, ...state, size, takeOver: 'content' }, ...about };
  }
}
