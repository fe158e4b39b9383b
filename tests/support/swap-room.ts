/** A project whose restores can be made to fail, with disks of its own. */
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { isBackupError, type BackupError } from '../../lib/core/errors.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { applyRestore } from '../../lib/operations/restore-backup.ts';
import type { RestoreRequest, RestoreResult } from '../../lib/operations/restore-result.ts';
import { contextFor } from './context-for.ts';
import { TestProject } from './make-project.ts';
import { mountSmallDisk, type SmallDisk } from './small-disk.ts';
import type { TreeSnapshot } from './tree-snapshot.ts';

const request: RestoreRequest = { overwrite: 'if-changed', deleteExtra: false, skipBackup: false, verify: false };

export class SwapRoom {
  readonly project = new TestProject();
  /** Takes mounts away again. */
  readonly unmounts: (() => void)[] = [];

  constructor() {
    this.fill('old');
    this.project.write('state/sub/only-old', 'old');
  }

  close(): void {
    for (const unmount of this.unmounts.reverse()) unmount();
    this.project.remove();
  }

  /** Gives the project's files and rows another content. */
  fill(content: string): void {
    const { project } = this;
    project.write('config/app.json', JSON.stringify({ content }));
    for (const name of ['a', 'b', 'c']) project.write(`state/${name}.json`, content);
    for (const name of ['one', 'two']) {
      const database = new Database(project.path(`${name}.db`));
      database.exec(`CREATE TABLE IF NOT EXISTS t (x); DELETE FROM t; INSERT INTO t VALUES ('${content}')`);
      database.close();
    }
  }

  rowOf(name: string): unknown {
    const database = new Database(this.project.path(name), { readonly: true });
    try {
      return database.prepare('SELECT x FROM t').pluck().get();
    } finally {
      database.close();
    }
  }

  /** Everything but databases, whose bytes may differ where their rows do not. */
  files(): TreeSnapshot {
    const all = this.project.snapshot();
    for (const [path, one] of all) if (path.includes('.db') || one.kind === 'directory') all.delete(path);
    return all;
  }

  async create(): Promise<string> {
    return (await createBackup(await contextFor(this.project.root), { type: 'manual' })).id;
  }

  /** Restores the newest backup. @param atSwap done when all is looked at, right before the first change. */
  async restore(more: Partial<RestoreRequest> = {}, atSwap: () => void = () => undefined): Promise<RestoreResult> {
    const { root } = this.project;
    const context = await contextFor(root, { databaseTimeoutSeconds: 0.3 });
    context.events.on('phase', (phase) => {
      if (phase === 'swap') atSwap();
    });
    const backup = await openBackup(context, 'latest', root);
    if (backup.kind === 'foreign') throw new TypeError('not ours');
    return applyRestore(context, await planRestore(context, backup, { ...request, ...more }));
  }

  /** Mounts a small filesystem until the test ends. */
  smallDisk(path: string, mebibytes: number): SmallDisk {
    const disk = mountSmallDisk(path, mebibytes);
    if (disk === undefined) throw new Error(`nothing could be mounted at ${path}`);
    this.unmounts.push(() => disk.remove());
    return disk;
  }

  leftovers(folder = this.project.root): string[] {
    return readdirSync(folder).filter((name) => name.startsWith('.ai-backup'));
  }

  /** Puts something in the way of the restore of `state`. */
  blockState(): void {
    const { project } = this;
    renameSync(project.path('state'), project.path('away'));
    writeFileSync(project.path('state'), 'in the way');
  }

  unblockState(): void {
    const { project } = this;
    rmSync(project.path('state'));
    renameSync(project.path('away'), project.path('state'));
  }
}

/** What a restore that has to fail fails with. */
export async function failureOf(running: Promise<unknown>): Promise<BackupError> {
  const failure: unknown = await running.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (isBackupError(failure)) return failure;
  throw new Error('it did not fail as expected', { cause: failure });
}
