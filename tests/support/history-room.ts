import { cpSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CacheHarmer } from './harm-caches.ts';
import { checkHistory } from './history-check.ts';
import { HistoryDatabases, databaseNames } from './history-databases.ts';
import { HistoryFiles, pick } from './history-files.ts';
import { expectAsThen, snapshotWithout, type Moment } from './history-moments.ts';
import type { BackupStep, DatabaseStep, FileStep, Step } from './history-steps.ts';
import { TestProject, type Created } from './make-project.ts';
import { runResidentTool } from './resident-tool.ts';
import { seededBytes } from './seeded-bytes.ts';

/** The compressions that the tool offers and this Node has. */
export async function usableCompressions(): Promise<string[]> {
  const { stdout } = await runResidentTool(['create', '--help']);
  const choices = /--compression .*?\[choices: ([^\]]*)\]/s.exec(stdout)?.[1] ?? '';
  const hasZstd = 'zstdCompress' in (await import('node:zlib'));
  return [...choices.matchAll(/"(\w+)"/g)].map(([, name]) => name ?? '').filter((name) => name !== 'zstd' || hasZstd);
}

/**
 * A project that steps happen to, and a record of what it was like at each of its backups. `check` then proves that every
 * backup that is left gives just that.
 */
export class HistoryRoom {
  /** What happened, in words, a line a step. */
  readonly log: string[] = [];
  private readonly project = new TestProject();
  private readonly outside = this.project.beside('outside');
  private readonly files: HistoryFiles;
  private readonly databases: HistoryDatabases;
  private readonly caches: CacheHarmer;
  private readonly compressions: readonly string[];
  private moments: Moment[] = [];

  constructor(compressions: readonly string[]) {
    this.compressions = compressions;
    const scratch = this.project.beside('scratch');
    mkdirSync(scratch);
    mkdirSync(this.outside);
    this.project.settings({
      targets: { logs: false, agents: false, security: false },
      retention: { count: 1000 },
      incremental: { enabled: true, maxIncrementals: 5 },
    });
    this.files = new HistoryFiles(this.project.path('state'), scratch);
    this.databases = new HistoryDatabases(this.project.root, scratch);
    this.caches = new CacheHarmer(this.project.store, join(scratch, 'caches'));
    const first = { do: 'db-create', pageSize: 4096, wal: true, seed: 1 } as const;
    this.databases.apply({ ...first, db: 0, rows: 3000 });
    this.databases.apply({ ...first, db: 0.5, rows: 10 });
    this.project.write('state/one', seededBytes(1, 3 << 20, 'text'));
    this.project.write('state/a/two', seededBytes(2, (1 << 20) + 1));
    this.project.write('state/b/one', seededBytes(3, 20_000));
  }

  async apply(step: Step): Promise<void> {
    this.log.push(await this.did(step));
  }

  async check(): Promise<void> {
    this.databases.closeAll();
    await checkHistory(this.project, this.moments, this.outside);
  }

  remove(): void {
    this.databases.closeAll();
    this.project.remove();
  }

  private did(step: Step): string | Promise<string> {
    switch (step.do) {
      case 'backup':
        return this.backUp(step);
      case 'cleanup':
        return this.cleanUp(step.keep);
      case 'go-back':
        return this.goBack(step.backup);
      case 'move-project':
        return this.moveProject();
      default:
        return isDatabaseStep(step) ? this.databases.apply(step) : this.files.apply(step);
    }
  }

  private async backUp(step: BackupStep): Promise<string> {
    const harmed = this.caches.harm(step.cache);
    const options = this.optionsOf(step);
    const files = snapshotWithout(this.databases.names(), this.project.root);
    const databases = this.databases.contents();
    const created = await this.project.done<Created & { mode: string }>('create', ...options);
    const { id, mode, archive = '' } = created;
    if (step.settled) settle(created.directory);
    this.moments.push({ id, mode, format: step.format, archive, files, databases });
    const bytes = archive === '' ? '' : `, ${lstatSync(archive).size} B`;
    const settled = step.settled ? ', begun later, as it says' : '';
    return `create ${options.join(' ')}${harmed}\n     → ${id}, ${mode}${bytes}${settled}`;
  }

  private optionsOf(step: BackupStep): string[] {
    const options = ['--mode', step.mode];
    if (step.rehash) options.push('--rehash');
    if (step.format !== 'tar') return [...options, '--format', step.format];
    options.push('--compression', pick(this.compressions, step.compression));
    if (step.outside) options.push('--output', this.outside);
    const bases = this.moments.filter(
      ({ format, mode }) => format === 'tar' && (step.mode === 'incremental' || mode === 'full'),
    );
    if (step.base !== undefined && step.mode !== 'full' && bases.length > 0)
      options.push('--base-backup', pick(bases, step.base).id);
    return options;
  }

  private async cleanUp(keep: number): Promise<string> {
    if (this.moments.length === 0) return 'cleanup: there is no backup';
    const { remove } = await this.project.done<{ remove: { id: string }[] }>('cleanup', '--keep-count', String(keep));
    const removed = remove.map(({ id }) => id);
    this.moments = this.moments.filter(({ id }) => !removed.includes(id));
    if (this.moments.length === 0) throw new Error('cleanup removed every backup');
    return `cleanup --keep-count ${keep}: removed ${removed.length}, ${this.moments.length} left`;
  }

  /** Restores an earlier moment in place: contents go back to what they were, files get new inodes and change times. */
  private async goBack(part: number): Promise<string> {
    if (this.moments.length === 0) return 'go-back: there is no backup';
    const moment = pick(this.moments, part);
    // A database in WAL mode with pages of another size would stay as it is.
    this.databases.deleteAll();
    this.clearWay(moment);
    await this.project.done('restore', moment.id, '--yes', '--skip-backup', '--delete-extra');
    this.databases.setPresent(this.databasesThere());
    expectAsThen(moment, this.project.root, 'restored in place', { withTimes: false });
    return `restore ${moment.id} in place`;
  }

  /** A restore puts no folder in the place of a file, nor a file in that of a folder. */
  private clearWay({ files }: Moment): void {
    for (const [path, { kind }] of snapshotWithout([], this.project.root)) {
      const wanted = files.get(path)?.kind;
      if (wanted !== undefined && wanted !== kind) rmSync(this.project.path(path), { recursive: true, force: true });
    }
  }

  /** As to another disk and back: contents, modes and times stay, and every inode and change time is new. */
  private moveProject(): string {
    const names = this.databasesThere();
    this.databases.closeAll();
    const away = this.project.beside('away');
    renameSync(this.project.root, away);
    cpSync(away, this.project.root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    rmSync(away, { recursive: true });
    this.databases.setPresent(names);
    return 'move the project and its store to another disk';
  }

  private databasesThere(): string[] {
    return databaseNames.filter((name) => isDatabase(this.project.path(name)));
  }
}

const isDatabaseStep = (step: FileStep | DatabaseStep): step is DatabaseStep => step.do.startsWith('db-');

const magic = Buffer.from('SQLite format 3\0');
const isDatabase = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).subarray(0, 16).equals(magic);

const settledSeconds = 3;

/** Makes a backup say that it was begun later than it was. */
function settle(directory: string): void {
  const file = join(directory, 'metadata.json');
  const metadata = JSON.parse(readFileSync(file, 'utf8')) as { timestamp: string };
  metadata.timestamp = new Date(Date.parse(metadata.timestamp) + settledSeconds * 1000).toISOString();
  writeFileSync(file, `${JSON.stringify(metadata, null, 2)}\n`);
}
