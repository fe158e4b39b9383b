import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';
import { runScript } from '../support/run-tool.ts';
import { startWriter } from '../support/start-writer.ts';

let project: TestProject;

beforeAll(() => {
  project = new TestProject();
  project.settings({ schedule: '0 2 * * *' });
  project.write('state/queue.json', '[1, 2, 3]\n');
});

afterAll(() => project.remove());

describe('the npm scripts', () => {
  test('back up, list, show, verify and restore: options, output and exit code pass through', async () => {
    const at = ['--root', project.root, '--json'];
    const run = async <T>(verb: string, ...args: string[]): Promise<T> => {
      const ended = await runScript(verb, [...at, ...args]);
      expect([verb, ended.code, ended.stderr]).toEqual([verb, 0, '']);
      return ended.json<T>();
    };
    const { id } = await run<Created>('create', '--targets', 'state');
    const { backups } = await run<{ backups: { id: string }[] }>('list');
    expect(backups.map((one) => one.id)).toEqual([id]);
    const { entries } = await run<{ entries: { path: string }[] }>('show', '--files', id);
    expect(entries).toContainEqual(expect.objectContaining({ path: 'state/queue.json', size: 10 }));
    expect(await run<Verified>('verify', '--check-content')).toMatchObject({ ok: true });
    project.write('state/queue.json', 'changed');
    expect(await run<Restored>('restore', '--yes')).toMatchObject({ id, overwritten: 1 });
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('[1, 2, 3]\n');
  });

  test.each([
    ['cleanup', ['--dry-run'], 0],
    ['config', ['--check'], 0],
    ['init', ['--dry-run'], 0],
    ['schedule', ['--list'], 0],
    ['restore', ['nothing-of-that-name', '--yes'], 10],
    ['create', ['--targets', 'nothing'], 2],
  ])('npm run backup:%s -- %j ends with %d', async (verb, args, code) => {
    expect((await runScript(verb, ['--root', project.root, ...args])).code).toBe(code);
  });
});

describe('databases that cannot be copied', () => {
  test('a locked and a corrupt one end with 3; both are named, the corrupt one’s raw file is kept', async () => {
    for (const name of ['good.db', 'corrupt.db']) {
      const database = new Database(project.path(name));
      database.exec('CREATE TABLE t (x); CREATE INDEX i ON t (x)');
      const insert = database.prepare('INSERT INTO t VALUES (randomblob(300))');
      for (let row = 0; row < 300; row += 1) insert.run();
      database.close();
    }
    const fd = openSync(project.path('corrupt.db'), 'r+');
    for (let page = 3; page < 20; page += 1) writeSync(fd, Buffer.alloc(2000, 0xa5), 0, 2000, page * 4096);
    closeSync(fd);
    const raw = readFileSync(project.path('corrupt.db'));
    const writer = await startWriter({ path: project.path('locked.db'), journalMode: 'delete', work: 'lock' });
    try {
      const ended = await project.toolWith({ env: { BACKUP_DATABASE_TIMEOUT: '1' } }, 'create', '--json');
      expect(ended.code).toBe(3);
      const created = ended.json<Created>();
      expect(created.complete).toBe(false);
      const about = created.warnings.filter((one) => one.code.startsWith('database-'));
      expect(about.map(({ code, path }) => [code, path])).toEqual([
        ['database-corrupt', 'corrupt.db'],
        ['database-locked', 'locked.db'],
      ]);
      const elsewhere = project.beside('elsewhere');
      await project.done('restore', created.id, '--to', elsewhere, '--yes');
      expect(readFileSync(`${elsewhere}/corrupt.db.corrupt`).equals(raw)).toBe(true);
      expect(new Database(`${elsewhere}/good.db`).prepare('SELECT count(*) FROM t').pluck().get()).toBe(300);
      expect((await project.tool('verify', created.id, '--check-content')).code).toBe(0);
    } finally {
      await writer.stop();
    }
    const said = await project.tool('create', '--exclude', 'locked.db');
    expect(said.code).toBe(3);
    expect(said.stderr).toMatch(/The database corrupt\.db is corrupt .*its raw file is kept as corrupt\.db\.corrupt/);
    for (const name of ['good.db', 'corrupt.db', 'locked.db']) rmSync(project.path(name), { force: true });
  });
});

describe('a stream that nobody reads any more', () => {
  test('a closed pipe ends no command with an error', async () => {
    await project.done('create');
    writeFileSync(project.beside('pipe.sh'), 'set -o pipefail; "$@" | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"');
    const { toolFile } = await import('../support/start-tool.ts');
    const list = [process.execPath, toolFile, 'show', '--files', '--root', project.root];
    const child = spawn('bash', [project.beside('pipe.sh'), ...list], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()));
    await once(child, 'close');
    expect(stdout.trim()).toBe('0');
    expect(stderr).not.toContain('error');
  });
});
