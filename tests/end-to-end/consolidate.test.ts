/** A full backup that is made of a chain is the same as one that was made of the project, and costs no compression where none is needed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { readManifest, readManifestFile } from '../../lib/store/manifest-reader.ts';
import type { FrameLine, ManifestEntry, ManifestHeader } from '../../lib/store/manifest.ts';
import type { Metadata } from '../../lib/store/metadata.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
import { mountSmallDisk } from '../support/small-disk.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

interface Consolidated extends Created {
  archive: string;
  mode: string;
  storedSize: number;
  consolidatedFrom: string;
  chain: string[];
  copiedBytes: number;
  repackedBytes: number;
}

interface Manifest {
  header: ManifestHeader;
  frames: FrameLine[];
  entries: ManifestEntry[];
}

const longAgo = 1_700_000_000;

/** A project whose files were written long ago, so that what has not changed is known by its times. */
class ChainProject extends TestProject {
  override write(name: string, content: string | Buffer, mode?: number): string {
    const path = super.write(name, content, mode);
    utimesSync(path, longAgo, longAgo + (content.length % 1000) + 0.25);
    return path;
  }

  fill(): void {
    this.settings({ targets: { notes: ['notes/**/*.md'], agents: false, security: false } });
    for (let at = 0; at < 250; at += 1) {
      this.write(`state/many/${at % 10}/${String(at).padStart(3, '0')}.bin`, seededBytes(at, 20_000));
    }
    this.write('state/log.txt', seededBytes(1000, 5_300_123, 'text'));
    this.write('state/upload.bin', seededBytes(1001, 4_200_000));
    this.write('state/private', 'x', 0o600);
    this.write('state/goes', 'gone tomorrow');
    this.write('state/empty', '');
    this.write('state/stays/a', 'a');
    this.write('notes/a.md', '# A');
    this.write('notes/deep/b.md', '# B');
    this.link('stays/a', 'state/link');
    mkdirSync(this.path('state/empty folder'));
    mkdirSync(this.path('data'));
    this.inDatabase((database) => {
      database.exec('CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT)');
      const add = database.prepare('INSERT INTO item (name) VALUES (?)');
      database.transaction(() => {
        for (let row = 0; row < 40_000; row += 1) add.run(`${row} `.repeat(12));
      })();
    });
  }

  inDatabase(act: (database: Database.Database) => void): void {
    const database = new Database(this.path('data/app.db'));
    act(database);
    database.close();
  }

  /** A day on which much stays and everything else happens once. */
  firstDay(): void {
    this.write('state/many/3/103.bin', seededBytes(2000, 21_000));
    renameSync(this.path('state/upload.bin'), this.path('state/a renamed upload.bin'));
    appendFileSync(this.path('state/log.txt'), 'one more line\n'.repeat(20_000));
    chmodSync(this.path('state/private'), 0o640);
    rmSync(this.path('state/goes'));
    rmSync(this.path('state/many/5'), { recursive: true });
    mkdirSync(this.path('state/many/5'));
    utimesSync(this.path('notes/a.md'), longAgo + 5, longAgo + 5);
    rmSync(this.path('state/link'));
    this.link('private', 'state/link');
    this.inDatabase((database) => database.exec(`UPDATE item SET name = 'changed' WHERE id % 10000 = 7`));
  }

  secondDay(): void {
    this.write('state/many/3/new.bin', seededBytes(2001, 30_000));
    this.write('state/new large.bin', seededBytes(2002, 3_500_000));
    this.write('state/copy.bin', seededBytes(9, 20_000));
    this.write('state/empty', 'no more');
    this.inDatabase((database) => database.exec(`INSERT INTO item (name) VALUES ('one more')`));
  }

  thirdDay(): void {
    rmSync(this.path('state/many/1/001.bin'));
    this.write('state/log.txt', seededBytes(1000, 5_000_000, 'text'));
    this.write('notes/c.md', '# C');
  }

  consolidate(...args: string[]): Promise<Consolidated> {
    return this.done<Consolidated>('consolidate', ...args);
  }

  /** Restores a backup into a folder of its own. */
  async restored(id: string): Promise<string> {
    const to = this.beside(`restored-${id}-${readdirSync(this.folder).length}`);
    await this.done('restore', id, '--to', to, '--yes');
    return to;
  }
}

async function manifestOf(folder: string): Promise<Manifest> {
  const frames: FrameLine[] = [];
  const entries: ManifestEntry[] = [];
  let header: ManifestHeader | undefined;
  const { id, checksum } = metadataOf(folder);
  for await (const batch of readManifest(readManifestFile(join(folder, 'manifest.jsonl.gz')), id, checksum)) {
    for (const line of batch) {
      if (line.type === 'header') header = line.header;
      else if (line.type === 'frame') frames.push(line.frame);
      else if (line.type === 'entry') entries.push(line.entry);
    }
  }
  if (header === undefined) throw new TypeError('a manifest has a header');
  return { header, frames, entries };
}

const metadataOf = (folder: string): Metadata =>
  JSON.parse(readFileSync(join(folder, 'metadata.json'), 'utf8')) as Metadata;

/** An entry without the place of its content. */
function withoutPlace({ at: _, extents: __, ...entry }: ManifestEntry): object {
  return entry;
}

function storedBytesOf(archive: string, { offset, storedSize }: FrameLine): Buffer {
  return readFileSync(archive).subarray(offset, offset + storedSize);
}

describe.each(['gzip', 'none'])('a chain of four, %s', (compression) => {
  let project: ChainProject;
  let backups: Created[];
  let made: Consolidated;
  let source: string;

  beforeAll(async () => {
    project = new ChainProject();
    project.fill();
    const create = (mode: string): Promise<Created> =>
      project.done<Created>('create', '--mode', mode, '--compression', compression);
    backups = [await create('full')];
    project.firstDay();
    backups.push(await create('incremental'));
    project.secondDay();
    backups.push(await create('incremental'));
    project.thirdDay();
    backups.push(await create('incremental'));
    source = backups.at(-1)?.id ?? '';
    made = await project.consolidate('--name', 'in one piece');
  });

  afterAll(() => project.remove());

  test('gives back what the chain gives, and is whole', async () => {
    expect((await project.tool('verify', made.id, '--check-content')).code).toBe(0);
    const [before, after] = [await project.restored(source), await project.restored(made.id)];
    // Of what is above the sources each restore makes its own.
    const isOwn = (one: string): boolean => !/^"(data|config)"/.test(one);
    expect(treeDifferences(snapshotTree(before), snapshotTree(after)).filter(isOwn)).toEqual([]);
    expect(snapshotTree(after).size).toBeGreaterThan(230);
  });

  test('is a full backup with the time and the numbers of its source', () => {
    const [metadata, ofSource] = [metadataOf(made.directory), metadataOf(backups.at(-1)?.directory ?? '')];
    const { timestamp, targets, files, size, databases, warnings, complete } = ofSource;
    expect(metadata).toMatchObject({ timestamp, targets, files, size, databases, warnings, complete });
    expect(metadata).toMatchObject({
      name: 'in one piece',
      mode: 'full',
      type: 'manual',
      incremental: false,
      chain: [made.id],
      consolidatedFrom: source,
    });
    expect(metadata.base).toBeUndefined();
    expect(metadata.storedSize).toBe(statSync(made.archive).size);
    expect(made).toMatchObject({ consolidatedFrom: source, chain: backups.map((one) => one.id), mode: 'full' });
    expect(made.id > source).toBe(true);
  });

  test('says the same of every entry, in the same order, and where its content is without detours', async () => {
    const [mine, ofSource] = [await manifestOf(made.directory), await manifestOf(backups.at(-1)?.directory ?? '')];
    expect(mine.entries.map(withoutPlace)).toEqual(ofSource.entries.map(withoutPlace));
    expect(mine.entries.filter((entry) => entry.extents !== undefined)).toEqual([]);
    expect(ofSource.entries.some((entry) => entry.extents !== undefined)).toBe(true);
    expect(mine.header.archives).toEqual([{ backup: made.id, file: `${made.id}${/\.tar.*/.exec(made.archive)?.[0]}` }]);
    expect(mine.header.targets).toEqual(ofSource.header.targets);
    expect(mine.frames.every(({ size }) => size % 512 === 0)).toBe(true);
  });

  test('tar unpacks it to exactly what the manifest says', async () => {
    const into = project.beside('unpacked');
    mkdirSync(into);
    execFileSync('tar', ['xpf', made.archive, '-C', into]);
    rmSync(join(into, '.backup'), { recursive: true });
    const found = snapshotTree(into);
    const { entries } = await manifestOf(made.directory);
    for (const entry of entries) {
      const one = found.get(entry.path);
      const { kind, linkTarget, size, sha256 } = entry;
      expect({ path: entry.path, ...one }).toMatchObject({
        path: entry.path,
        kind,
        size,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(linkTarget === undefined ? {} : { linkTarget }),
        ...(kind === 'symlink' ? {} : { mode: entry.mode.toString(8), mtimeNs: wholeSeconds(entry.mtimeNs) }),
      });
    }
    const known = new Set(entries.map((entry) => entry.path));
    // Folders above a source that are none themselves.
    expect([...found].filter(([path, one]) => !known.has(path) && one.kind !== 'directory')).toEqual([]);
    const listed = execFileSync('tar', ['tf', made.archive], { encoding: 'utf8' }).trim().split('\n');
    expect(listed.length).toBe(entries.length + 2);
  });

  test('has the frames that could be copied as they were stored, byte for byte', async () => {
    const mine = await manifestOf(made.directory);
    const older = new Map<string, { archive: string; frame: FrameLine }>();
    for (const backup of backups) {
      const { frames } = await manifestOf(backup.directory);
      for (const frame of frames.filter((one) => one.archive === 0)) {
        older.set(frame.sha256, { archive: backup.archive ?? '', frame });
      }
    }
    const copied = mine.frames.filter((frame) => older.has(frame.sha256));
    for (const frame of copied) {
      const from = older.get(frame.sha256);
      if (from === undefined) throw new TypeError('it was there');
      expect(storedBytesOf(made.archive, frame).equals(storedBytesOf(from.archive, from.frame))).toBe(true);
    }
    const copiedBytes = copied.reduce((sum, frame) => sum + frame.storedSize, 0);
    // What is packed anew may give the same bytes by chance, and with no compression it does.
    expect(copiedBytes).toBeGreaterThanOrEqual(made.copiedBytes);
    if (compression === 'gzip') expect(copiedBytes).toBeLessThan(made.copiedBytes + 1_200_000);
    // A file that was renamed, one that grew and shrank, one that came later, and one among many small ones that stayed.
    for (const path of ['state/a renamed upload.bin', 'state/log.txt', 'state/new large.bin', 'state/many/8/008.bin']) {
      const entry = mine.entries.find((one) => one.path === `state/${path}` || one.path === path);
      const first = entry?.at?.frame ?? -1;
      const framesOfFile = mine.frames.filter(
        ({ frame }) => frame >= first && frame <= first + (entry?.size ?? 0) / 2 ** 20,
      );
      expect([path, framesOfFile.some((frame) => copied.includes(frame))]).toEqual([path, true]);
    }
    expect(made.copiedBytes).toBeGreaterThan(made.storedSize * 0.4);
    expect(made.repackedBytes).toBeGreaterThan(0);
    expect(made.repackedBytes).toBeLessThan(made.size * 0.7);
  });

  test('RESTORE.md says of it what it says of a full backup of the project', async () => {
    const full = await project.done<Created>('create', '--mode', 'full', '--compression', compression);
    const putBack = (directory: string): string[] =>
      /## Put them back[^]*?(?=## Check every file)/
        .exec(readFileSync(join(directory, 'RESTORE.md'), 'utf8'))?.[0]
        ?.split('\n')
        .sort() ?? [];
    expect(putBack(made.directory)).toEqual(putBack(full.directory));
    expect(putBack(made.directory).length).toBeGreaterThan(10);
    await project.done('cleanup', '--keep-count', '100');
    rmSync(full.directory, { recursive: true });
    rmSync(full.archive ?? '');
  });

  test('then backups build on it, and the old chain can go', async () => {
    project.write('state/after', 'the fourth day');
    const next = await project.done<Consolidated & { base: string }>('create', '--mode', 'incremental');
    expect(next.base).toBe(made.id);
    expect(next.storedSize).toBeLessThan(100_000);
    const { remove } = await project.done<{ remove: { id: string }[] }>('cleanup', '--keep-count', '1');
    expect(remove.map((one) => one.id).sort()).toEqual(backups.map((one) => one.id).sort());
    expect((await project.tool('verify', '--all', '--check-content')).code).toBe(0);
    const restored = snapshotTree(await project.restored(next.id));
    expect(restored.get('state/after')?.size).toBe('the fourth day'.length);
    expect(restored.get('state/log.txt')).toMatchObject({ size: 5_000_000 });
    const again = await project.consolidate();
    expect(again.copiedBytes).toBeGreaterThan(made.storedSize * 0.8);
    expect((await project.tool('verify', again.id, '--check-content')).code).toBe(0);
  });
});

const wholeSeconds = (ns: bigint): bigint => (ns / 1_000_000_000n) * 1_000_000_000n;

describe('of a chain', () => {
  let project: ChainProject;
  let full: Created;
  let incremental: Created;

  beforeEach(async () => {
    project = new ChainProject();
    project.settings({ targets: { agents: false, security: false } });
    for (let at = 0; at < 60; at += 1) project.write(`state/${at}.bin`, seededBytes(at, 50_000));
    full = await project.done<Created>('create', '--mode', 'full');
    project.write('state/3.bin', seededBytes(100, 50_000));
    incremental = await project.done<Created>('create', '--mode', 'incremental');
  });

  afterEach(() => project.remove());

  const storeNow = (): string[] =>
    [...snapshotTree(project.store, ['.state', 'audit.log'])].map(([path, one]) => `${path} ${one.sha256}`);
  const halfMade = (): string[] => readdirSync(join(project.store, '.state', 'tmp'));

  test('a dry run tells the same numbers and writes nothing', async () => {
    const before = storeNow();
    const planned = await project.done<Consolidated>('consolidate', '--dry-run');
    expect(storeNow()).toEqual(before);
    expect(planned).toMatchObject({ dryRun: true, consolidatedFrom: incremental.id, chain: [full.id, incremental.id] });
    const made = await project.consolidate();
    expect(made).toMatchObject({ copiedBytes: planned.copiedBytes, repackedBytes: planned.repackedBytes });
    expect(planned.copiedBytes).toBeGreaterThan(1_000_000);
    expect(planned.repackedBytes).toBeGreaterThan(0);
  });

  test('nothing is made of a backup that needs no other', async () => {
    const tree = await project.done<Created>('create', '--format', 'directory');
    const zip = await project.done<Created>('create', '--format', 'zip');
    const before = storeNow();
    for (const [{ id }, standsAlone] of [
      [full, 'full'],
      [tree, 'directory'],
      [zip, 'zip'],
    ] as const) {
      expect(await project.done('consolidate', id)).toEqual({ id, standsAlone });
      expect((await project.tool('consolidate', id)).stdout).toContain('nothing to do');
    }
    expect(storeNow()).toEqual(before);
  });

  test('an older backup is refused: what is made from it would be the newest', async () => {
    project.write('state/later', 'later');
    const later = await project.done<Created>('create', '--mode', 'incremental');
    const before = storeNow();
    const ended = await project.tool('consolidate', incremental.id);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(later.id);
    expect(storeNow()).toEqual(before);
    const made = await project.consolidate(later.id);
    const { backups } = await project.done<{ backups: { id: string }[] }>('list');
    expect(backups.map((one) => one.id)).toEqual([made.id, later.id, incremental.id, full.id]);
  });

  test.each([
    ['of the full backup', (): string => full.archive ?? ''],
    ['of the backup itself', (): string => incremental.archive ?? ''],
  ])('a missing archive, %s, is named, and nothing is made', async (_, archive) => {
    renameSync(archive(), project.beside('away'));
    const before = storeNow();
    const ended = await project.tool('consolidate', incremental.id, '--json');
    expect([ended.code, ended.stdout]).toEqual([4, '']);
    expect(ended.stderr).toContain(archive());
    expect(storeNow()).toEqual(before);
  });

  test.each([
    ['copied', 0.5],
    ['packed anew', 0.1],
  ])('a damaged frame that would be %s is found, and nothing is made', async (_, part) => {
    const archive = full.archive ?? '';
    const bytes = readFileSync(archive);
    const at = Math.floor(bytes.length * part);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(archive, bytes);
    const before = storeNow();
    const ended = await project.tool('consolidate');
    expect(ended.code).toBe(4);
    expect(ended.stderr).toContain(archive);
    expect(storeNow()).toEqual(before);
    expect(halfMade()).toEqual([]);
  });

  test('where the disk gets full, it ends with 1, and nothing of it stays', async () => {
    const disk = mountSmallDisk(project.beside('disk'), 5);
    if (disk === undefined) return;
    try {
      execFileSync('cp', ['-a', `${project.store}/.`, disk.path]);
      project.settings({ targets: { agents: false, security: false }, storage: { path: disk.path } });
      const before = snapshotTree(disk.path, ['.state', 'audit.log']);
      const ended = await project.tool('consolidate');
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('No space left');
      expect(treeDifferences(before, snapshotTree(disk.path, ['.state', 'audit.log']))).toEqual([]);
      expect(readdirSync(join(disk.path, '.state', 'tmp'))).toEqual([]);
    } finally {
      disk.remove();
    }
  });

  test('frames of another codec are packed anew', async () => {
    project.write('state/4.bin', seededBytes(101, 2_500_000));
    await project.done<Created>('create', '--mode', 'incremental', '--compression', 'none');
    const made = await project.consolidate();
    expect(made.archive.endsWith('.tar.gz')).toBe(true);
    expect(made.repackedBytes).toBeGreaterThan(2_500_000);
    execFileSync('gzip', ['-t', made.archive]);
    expect((await project.tool('verify', made.id, '--check-content')).code).toBe(0);
  });

  test('without the manifest of the full backup all is packed anew, and right', async () => {
    writeFileSync(join(full.directory, 'manifest.jsonl.gz'), '');
    const made = await project.consolidate();
    expect(made.repackedBytes).toBe(made.size);
    expect((await project.tool('verify', made.id, '--check-content')).code).toBe(0);
  });

  test('without the folder of the full backup its archive tells what is in its frames', async () => {
    const { copiedBytes } = await project.done<Consolidated>('consolidate', '--dry-run');
    rmSync(full.directory, { recursive: true });
    expect(await project.done('consolidate', '--dry-run')).toMatchObject({ copiedBytes });
  });

  test('archives that were brought elsewhere are one backup there', async () => {
    const elsewhere = project.beside('elsewhere');
    mkdirSync(elsewhere);
    for (const { archive = '' } of [full, incremental]) execFileSync('cp', [archive, elsewhere]);
    const hash = createHash('sha256')
      .update(readFileSync(full.archive ?? ''))
      .digest('hex');
    rmSync(project.store, { recursive: true });
    mkdirSync(project.store);
    const made = await project.consolidate(join(elsewhere, `${incremental.id}.tar.gz`));
    expect((await project.tool('verify', made.id, '--check-content')).code).toBe(0);
    expect(
      createHash('sha256')
        .update(readFileSync(join(elsewhere, `${full.id}.tar.gz`)))
        .digest('hex'),
    ).toBe(hash);
  });

  test('an archive that something else made is refused', async () => {
    execFileSync('tar', ['cf', project.beside('foreign.tar'), '-C', project.root, 'state']);
    const ended = await project.tool('consolidate', project.beside('foreign.tar'));
    expect(ended.code).toBe(4);
  });
});
