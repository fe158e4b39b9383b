/** What a restore tells: of the backup before it begins, of what is left where it fails. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { TestProject, type Created, type Finding, type Restored } from '../support/make-project.ts';
import { treeDifferences } from '../support/tree-snapshot.ts';
import { makeDatabase } from '../targets/databases/sqlite-folder.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write('state/a', 'then');
});
afterEach(() => project.remove());

interface Said {
  error: { code: string; message: string; hint: string };
}

const idsOf = async (): Promise<string[]> =>
  (await project.done<{ backups: { id: string }[] }>('list')).backups.map((one) => one.id);

function overwrite(file: string, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, randomBytes(4096), 0, 4096, at);
  closeSync(fd);
}

describe('an incomplete backup', () => {
  let whole: Created;
  let lacking: Created;
  beforeEach(async () => {
    makeDatabase(project.write('data/app.db', ''));
    whole = await project.done<Created>('create');
    overwrite(project.path('data/app.db'), 4096);
    lacking = (await project.tool('create', '--json')).json<Created>();
    expect(lacking.complete).toBe(false);
  });

  const warned = (warnings: Finding[]): Finding[] => warnings.filter((one) => one.code === 'backup-incomplete');

  test('is told before the question, with what it lacks and the newest complete one', async () => {
    rmSync(project.path('state/a'));
    const asked = await project.tool('restore', 'latest');
    expect(asked.code).toBe(2);
    expect(existsSync(project.path('state/a'))).toBe(false);
    expect(asked.stderr).toContain('This backup is incomplete. The database data/app.db is corrupt');
    expect(asked.stderr).toContain(`The newest complete one is ${whole.id}.`);

    const applied = await project.tool('restore', 'latest', '--yes');
    expect(applied.code).toBe(0);
    expect(applied.stderr.match(/This backup is incomplete/g)).toHaveLength(1);
  });

  test('is in the JSON of the plan and of the restore', async () => {
    const planned = await project.done<Restored>('restore', 'latest', '--dry-run');
    const done = await project.done<Restored>('restore', 'latest', '--yes');
    for (const { id, warnings } of [planned, done]) {
      expect(id).toBe(lacking.id);
      expect(warned(warnings)).toMatchObject([
        { params: { found: whole.id, causes: [{ code: 'database-corrupt', path: 'data/app.db' }] } },
      ]);
    }
    const good = await project.done<Restored>('restore', whole.id, '--dry-run');
    expect(warned(good.warnings)).toEqual([]);
  });

  test('a safety backup that is one is no warning about what was restored', async () => {
    const ended = await project.tool('restore', whole.id, '--yes');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/In the safety backup backup-\S+: The database data\/app\.db is corrupt/);
    expect(ended.stdout).toMatch(/`npm run backup:restore -- backup-\S+`/);
  });
});

describe('an archive that is not what it was', () => {
  let archive: string;
  beforeEach(async () => {
    project.write('state/large', randomBytes(200_000));
    archive = (await project.done<Created>('create')).archive ?? '';
    project.write('state/a', 'now');
  });

  async function refusal(...args: string[]): Promise<Said['error']> {
    const before = project.snapshot();
    const ids = await idsOf();
    const ended = await project.tool('restore', 'latest', '--json', ...args);
    expect(ended.code).toBe(4);
    expect(treeDifferences(before, project.snapshot())).toEqual([]);
    expect(await idsOf()).toEqual(ids);
    const { error } = JSON.parse(ended.stderr) as Said;
    expect(error.code).toBe('ARCHIVE_DAMAGED');
    expect(error.message).toContain('Nothing was changed.');
    return error;
  }

  test.each(['cut off behind its contents', 'longer'])('%s: refused before anything is begun', async (how) => {
    if (how === 'longer') appendFileSync(archive, 'more');
    else truncateSync(archive, statSync(archive).size - 700);
    for (const arg of ['--dry-run', '--yes']) expect((await refusal(arg)).hint).toContain('--force');
    const forced = await project.done<Restored>('restore', 'latest', '--yes', '--force');
    expect(forced.warnings.map((one) => one.code)).toContain('archive-size');
    expect(readFileSync(project.path('state/a'), 'utf8')).toBe('then');
  });

  test('gone: refused by the plan already, with a hint that helps', async () => {
    rmSync(archive);
    for (const args of [['--dry-run'], ['--yes'], ['--yes', '--force']]) {
      const { hint } = await refusal(...args);
      expect(hint).toContain('Put it back');
      expect(hint).not.toContain('--force');
    }
  });
});

describe('a restore that fails before its first change', () => {
  test('leaves no safety backup, and says that nothing was changed', async () => {
    project.write('state/large', randomBytes(200_000));
    const { archive = '' } = await project.done<Created>('create');
    overwrite(archive, statSync(archive).size >> 1);
    project.write('state/a', 'now');
    project.write('state/large', 'small');
    const ids = await idsOf();
    const ended = await project.tool('restore', 'latest', '--yes', '--json');
    expect(ended.code).toBe(4);
    expect((JSON.parse(ended.stderr) as Said).error.message).toMatch(/Nothing was changed\.$/);
    expect(await idsOf()).toEqual(ids);
    expect(readFileSync(project.path('state/a'), 'utf8')).toBe('now');
  });

  test('nor where the safety backup itself does not hold what would be lost', async () => {
    const shared = project.path('state/.env');
    project.link('../shared', 'state/.env');
    await project.done('create');
    const ids = await idsOf();
    rmSync(shared);
    writeFileSync(shared, 'TOKEN=now\n');
    project.write('state/a', 'now');
    const ended = await project.tool('restore', 'latest', '--yes', '--json');
    expect((JSON.parse(ended.stderr) as Said).error.code).toBe('SAFETY_INCOMPLETE');
    expect(await idsOf()).toEqual(ids);
  });

  test('for want of a place for the safety backup names --skip-backup', async () => {
    const { archive = '' } = await project.done<Created>('create');
    const alone = project.beside('alone.tar.gz');
    writeFileSync(alone, readFileSync(archive));
    rmSync(project.store, { recursive: true });
    // A file in the place of the store stands for every store that cannot be written to.
    writeFileSync(project.store, '');
    project.write('state/a', 'now');
    const ended = await project.tool('restore', alone, '--yes', '--json');
    expect(ended.code).toBe(1);
    const { message, hint } = (JSON.parse(ended.stderr) as Said).error;
    expect(message).toMatch(/Nothing was changed\.$/);
    expect(hint).toContain('--skip-backup');
    expect(readFileSync(project.path('state/a'), 'utf8')).toBe('now');
  });
});
