import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { TestProject, type Created, type Finding, type Verified } from '../support/make-project.ts';
import { runResidentTool } from '../support/resident-tool.ts';
import type { Ended } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

/** A whole backup, made once; each test damages a copy of its store. */
let whole: TestProject;
let backup: Created;
let archive: string;

/** A second project, with content that a restore would change, and the damaged store. */
let project: TestProject;
let before: TreeSnapshot;

beforeAll(async () => {
  whole = new TestProject();
  whole.write('config/app.json', '{"name": "app"}\n');
  for (let at = 0; at < 40; at += 1)
    whole.write(`state/${at}.json`, JSON.stringify({ at, words: 'again '.repeat(50) }));
  whole.write('agents/large.bin', randomBytes(3 << 20));
  whole.link('large.bin', 'agents/link');
  backup = await whole.done<Created>('create');
  archive = basename(backup.archive ?? '');

  project = new TestProject();
  project.write('config/app.json', '{"name": "newer"}\n');
  project.write('state/mine.json', 'only here');
  before = project.snapshot();
});

afterAll(() => {
  whole.remove();
  project.remove();
});

/** A fresh copy of the store, damaged. */
function damage(change: (store: string, folder: string) => void): void {
  rmSync(project.store, { recursive: true, force: true });
  cpSync(whole.store, project.store, { recursive: true });
  change(project.store, join(project.store, backup.id));
}

/** Runs verify and restore; both are to end with 4, and nothing of the project is to change. */
async function expectRefused(name: string = backup.id): Promise<{ verified: Ended; restored: Ended }> {
  const verified = await project.tool('verify', name, '--json');
  const restored = await project.tool('restore', name, '--yes', '--skip-backup', '--json');
  expect([verified.code, restored.code]).toEqual([4, 4]);
  expect(treeDifferences(before, project.snapshot())).toEqual([]);
  return { verified, restored };
}

const problemsOf = (verified: Ended): Finding[] =>
  verified.stdout === '' ? [] : verified.json<Verified>().problems.map((one) => ({ ...one }));
const codesOf = (verified: Ended): string[] => problemsOf(verified).map((one) => one.code);

const flip = (file: string, at: number): void => {
  const bytes = readFileSync(file);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
};

describe('a backup of a store', () => {
  test('whole, it verifies and restores', async () => {
    damage(() => undefined);
    expect((await project.tool('verify')).code).toBe(0);
    const elsewhere = project.beside('elsewhere');
    expect((await project.tool('restore', backup.id, '--to', elsewhere, '--yes')).code).toBe(0);
    expect(treeDifferences(whole.snapshot(), snapshotTree(elsewhere))).toEqual([]);
  });

  test('with one bit changed anywhere in the payload it is refused, and the frame is named', async () => {
    const size = statSync(join(whole.store, archive)).size;
    for (const part of [0.02, 0.6]) {
      damage((store) => flip(join(store, archive), Math.floor(size * part)));
      const { verified, restored } = await expectRefused();
      expect(codesOf(verified)).toEqual(['archive-hash', 'frame-damaged']);
      const { stdout } = await project.tool('verify', '--lang', 'en');
      expect(stdout).toMatch(/Frame \d+ of \S+ is damaged \((?!frame)/);
      expect(stdout).toContain('Make a new backup:      npm run backup:create\n');
      expect(stdout).toContain(`Get back what is whole: npm run backup:restore -- ${backup.id} --force\n`);
      expect(restored.stderr).toContain('ARCHIVE_DAMAGED');
      expect(restored.stdout).toBe('');
    }
  });

  test('with a bit changed in the archive’s own copy of the manifest, verify finds it; the other copy restores', async () => {
    const size = statSync(join(whole.store, archive)).size;
    for (const fromEnd of [40, 2500]) {
      damage((store) => flip(join(store, archive), size - fromEnd));
      expect((await project.tool('verify')).code).toBe(4);
      const elsewhere = project.beside(`elsewhere-${fromEnd}`);
      expect((await project.tool('restore', backup.id, '--to', elsewhere, '--yes')).code).toBe(0);
      expect(treeDifferences(whole.snapshot(), snapshotTree(elsewhere))).toEqual([]);
    }
  });

  test('cut short or gone, its archive is refused', async () => {
    damage((store) => {
      const bytes = readFileSync(join(store, archive));
      writeFileSync(join(store, archive), bytes.subarray(0, bytes.length >> 1));
    });
    expect(codesOf((await expectRefused()).verified)).toContain('archive-size');
    damage((store) => rmSync(join(store, archive)));
    expect(codesOf((await expectRefused()).verified)).toEqual(['archive-missing']);
    const { stdout } = await project.tool('verify', '--lang', 'en');
    expect(stdout).toContain('npm run backup:create');
    expect(stdout).not.toContain('--force');
    damage((store) => {
      rmSync(join(store, archive));
      mkdirSync(join(store, archive));
    });
    await expectRefused();
  });

  test('with a manifest that is damaged, changed or gone it is refused', async () => {
    const file = 'manifest.jsonl.gz';
    const lines = (folder: string): string[] =>
      gunzipSync(readFileSync(join(folder, file)))
        .toString()
        .split('\n');
    const changes: ((folder: string) => void)[] = [
      (folder) => rmSync(join(folder, file)),
      (folder) => writeFileSync(join(folder, file), 'garbage'),
      (folder) => flip(join(folder, file), 200),
      (folder) => writeFileSync(join(folder, file), gzipSync(lines(folder).slice(0, -2).join('\n'))),
      (folder) => {
        const changed = lines(folder).map((line) => line.replace('"config/app.json"', '"config/other.json"'));
        writeFileSync(join(folder, file), gzipSync(changed.join('\n')));
      },
    ];
    for (const change of changes) {
      damage((_store, folder) => change(folder));
      const { verified, restored } = await expectRefused();
      expect(codesOf(verified)).toContain('manifest-damaged');
      expect(restored.stderr).toContain('MANIFEST_DAMAGED');
    }
    // What the error advises helps: the archive alone has a copy of the manifest.
    damage((_store, folder) => rmSync(join(folder, file)));
    expect((await project.tool('verify', join(project.store, archive))).code).toBe(0);
  });

  test('with metadata that is damaged or changed it is refused, by its ID and as the latest', async () => {
    const file = 'metadata.json';
    const edit = (folder: string, from: RegExp, to: string): void =>
      writeFileSync(join(folder, file), readFileSync(join(folder, file), 'utf8').replace(from, to));
    const changes: ((folder: string) => void)[] = [
      (folder) => writeFileSync(join(folder, file), 'garbage'),
      (folder) => rmSync(join(folder, file)),
      (folder) => edit(folder, /"format": 1/, '"format": 2'),
      (folder) => edit(folder, /"checksum": "sha256:./, '"checksum": "sha256:x'),
      (folder) => edit(folder, /"file": "[^"]*"/, '"file": "../../etc/passwd"'),
      (folder) => edit(folder, new RegExp(backup.id), 'backup-2026-01-01T00-00-00-000Z-abcdef'),
    ];
    for (const change of changes) {
      damage((_store, folder) => change(folder));
      await expectRefused();
    }
    // None is passed over, and nobody is given an older backup in its place.
    const all = await project.tool('verify', '--all', '--json');
    expect(all.code).toBe(4);
    expect(all.json<{ ok: boolean; backups: { ok: boolean }[] }>().ok).toBe(false);
    await expectRefused('latest');
  });

  test('numbers in metadata.json that are not the manifest’s are found', async () => {
    damage((_store, folder) => {
      const text = readFileSync(join(folder, 'metadata.json'), 'utf8');
      writeFileSync(join(folder, 'metadata.json'), text.replace(/"files": 40\b/, '"files": 41'));
    });
    const verified = await project.tool('verify', '--json');
    expect(verified.code).toBe(4);
    expect(codesOf(verified)).toEqual(['count-mismatch']);
  });

  test('a backup that was verified and is damaged now is not listed as verified', async () => {
    damage(() => undefined);
    await project.done('verify');
    const list = async (): Promise<(string | undefined)[]> =>
      (await project.done<{ backups: { verifiedAt?: string }[] }>('list')).backups.map((one) => one.verifiedAt);
    expect(await list()).not.toEqual([undefined]);
    flip(join(project.store, archive), 5000);
    expect((await project.tool('verify')).code).toBe(4);
    expect(await list()).toEqual([undefined]);
  });
});

describe('an archive that lies alone', () => {
  const alone = (): string => project.beside('alone.tar.gz');

  async function expectRefusedAlone(bytes: Buffer | string): Promise<Ended> {
    rmSync(project.store, { recursive: true, force: true });
    writeFileSync(alone(), bytes);
    return (await expectRefused(alone())).restored;
  }

  test('empty, garbage, text, another file under its name: refused', async () => {
    for (const bytes of [
      '',
      'no archive\n',
      randomBytes(5000),
      gzipSync('only text'),
      gzipSync(Buffer.alloc(0)),
      '\x1f\x8b',
    ]) {
      const restored = await expectRefusedAlone(bytes);
      expect(restored.stderr).toMatch(/ARCHIVE_UNKNOWN|ARCHIVE_DAMAGED/);
    }
  });

  test('cut short anywhere, at the border between two frames too, it is refused', async () => {
    const bytes = readFileSync(join(whole.store, archive));
    const magic = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0]);
    const borders: number[] = [];
    for (let at = bytes.indexOf(magic, 1); at !== -1; at = bytes.indexOf(magic, at + 1)) borders.push(at);
    expect(borders.length).toBeGreaterThanOrEqual(4);
    const cuts = [1000, bytes.length - 1];
    for (const cut of [borders[0]!, borders.at(-2)!, borders.at(-1)!, ...cuts]) {
      await expectRefusedAlone(bytes.subarray(0, cut));
    }
  });

  test('with bytes behind its end it is refused', async () => {
    const bytes = readFileSync(join(whole.store, archive));
    await expectRefusedAlone(Buffer.concat([bytes, randomBytes(100)]));
    await expectRefusedAlone(Buffer.concat([bytes, gzipSync('more')]));
  });

  test('with one bit changed in payload, manifest or metadata it is refused', async () => {
    const bytes = readFileSync(join(whole.store, archive));
    const places = [Math.floor(bytes.length / 2), bytes.length - 2500, bytes.length - 60];
    for (const at of places) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      await expectRefusedAlone(changed);
    }
  });

  test('an archive of someone else’s is refused where it is damaged, and read where it is whole', async () => {
    const { execFileSync } = await import('node:child_process');
    const foreign = project.beside('foreign.tar.gz');
    execFileSync('tar', ['-czf', foreign, '-C', whole.root, 'state', 'agents']);
    copyFileSync(foreign, alone());
    expect((await runResidentTool(['verify', alone(), '--root', project.root])).code).toBe(0);
    const bytes = readFileSync(foreign);
    await expectRefusedAlone(bytes.subarray(0, bytes.length - 2000));
    const changed = Buffer.from(bytes);
    changed[Math.floor(bytes.length / 2)]! ^= 1;
    await expectRefusedAlone(changed);
    expect(existsSync(project.path('agents'))).toBe(false);
  });
});
