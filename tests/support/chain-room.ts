import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import type { VerifyResult } from '../../lib/operations/verify-backup.ts';
import { TestProject } from './make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from './tree-snapshot.ts';

/** A line of an entry, as it stands in a manifest. */
export interface EntryLine {
  path: string;
  kind: string;
  size?: number;
  sha256?: string;
  at?: [number, number];
  extents?: number;
}

const hourMs = 3_600_000;

/**
 * A project whose backups build on each other. Each says that it was begun an hour later than it was, so that no file is so new
 * that it might have changed unseen: what has not changed is not read again.
 */
export class ChainRoom extends TestProject {
  private restored = 0;

  async create(...args: string[]): Promise<CreateResult> {
    const made = await this.createNow(...args);
    this.setTime(made.directory, new Date(Date.now() + hourMs));
    return made;
  }

  /** Changes when a backup says that it was begun. */
  setTime(directory: string, time: Date): void {
    const file = join(directory, 'metadata.json');
    const metadata = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...metadata, timestamp: time.toISOString() }));
  }

  /** A backup with the time at which it was begun. */
  createNow(...args: string[]): Promise<CreateResult> {
    return this.done<CreateResult>('create', ...args);
  }

  full(...args: string[]): Promise<CreateResult> {
    return this.create('--mode', 'full', ...args);
  }

  incremental(...args: string[]): Promise<CreateResult> {
    return this.create('--mode', 'incremental', ...args);
  }

  verify(id: string): Promise<VerifyResult> {
    return this.done<VerifyResult>('verify', id, '--check-content');
  }

  /** Restores a backup into a new folder. */
  async restore(id: string): Promise<string> {
    this.restored += 1;
    const destination = this.beside(`restored-${this.restored}`);
    await this.done('restore', id, '--to', destination, '--yes', '--verify');
    return destination;
  }

  /** In what a restored backup differs from a state of the project. */
  async differences(id: string, state: TreeSnapshot): Promise<string[]> {
    return treeDifferences(state, snapshotTree(await this.restore(id)));
  }

  /** The members of a backup's tar, without the manifest and metadata that end it. */
  members({ archive }: CreateResult): string[] {
    const names = execFileSync('tar', ['tf', archive ?? ''], { encoding: 'utf8' })
      .trimEnd()
      .split('\n');
    return names.filter((name) => !/^\.backup\/(manifest\.jsonl|metadata\.json)$/.test(name)).sort();
  }

  lines({ directory }: CreateResult): string[] {
    return gunzipSync(readFileSync(join(directory, 'manifest.jsonl.gz')))
      .toString()
      .trimEnd()
      .split('\n');
  }

  entries(made: CreateResult): Map<string, EntryLine> {
    const entries = this.lines(made).filter((line) => line.startsWith('{"path"'));
    return new Map(entries.map((line) => JSON.parse(line) as EntryLine).map((entry) => [entry.path, entry]));
  }
}
