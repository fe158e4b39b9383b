/** A restore overwrites nothing that would then exist nowhere any more. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { TestProject, type Created, type Restored } from '../support/make-project.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
});
afterEach(() => project.remove());

const read = (name: string): string => readFileSync(project.path(name), 'utf8');

function writeRow(path: string, row: string): void {
  const database = new Database(path);
  database.exec('CREATE TABLE IF NOT EXISTS item (name TEXT)');
  database.prepare('INSERT INTO item VALUES (?)').run(row);
  database.close();
}

function rowsOf(path: string): unknown[] {
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare('SELECT name FROM item').pluck().all();
  } finally {
    database.close();
  }
}

interface Refusal {
  error: { code: string; message: string; hint: string };
}

async function refusedRestore(...args: string[]): Promise<Refusal['error']> {
  const ended = await project.tool('restore', ...args, '--yes', '--json');
  expect(ended.code).toBe(1);
  const { error } = JSON.parse(ended.stderr) as Refusal;
  expect(error.code).toBe('SAFETY_INCOMPLETE');
  return error;
}

describe('what is never stored unencrypted is not overwritten', () => {
  test('by an archive of somebody else that holds nothing but it', async () => {
    project.write('.env', 'TOKEN=then\n');
    const archive = project.beside('env.tar');
    execFileSync('tar', ['cf', archive, '.env'], { cwd: project.root });
    project.write('.env', 'TOKEN=now\n');
    const error = await refusedRestore(archive);
    expect(error.message).toContain(': .env. Nothing was changed');
    expect(error.hint).toContain('--skip-backup');
    expect(read('.env')).toBe('TOKEN=now\n');
    await project.done('restore', archive, '--yes', '--skip-backup');
    expect(read('.env')).toBe('TOKEN=then\n');
  });

  test('by a link of the backup', async () => {
    project.write('shared.txt', 'x');
    project.write('state/a', 'then');
    project.link('../shared.txt', 'state/.env');
    await project.done('create');
    rmSync(project.path('state/.env'));
    project.write('state/.env', 'TOKEN=now\n');
    project.write('state/a', 'now');
    const error = await refusedRestore();
    expect(error.message).toContain(': state/.env. Nothing was changed');
    expect([read('state/.env'), read('state/a')]).toEqual(['TOKEN=now\n', 'now']);
  });
});

test('what can be stored nowhere is named: the first ones, and how many', async () => {
  for (let at = 10; at < 30; at += 1) project.write(`files/${at}/.env`, 'then');
  const archive = project.beside('envs.tar');
  execFileSync('tar', ['cf', archive, 'files'], { cwd: project.root });
  for (let at = 10; at < 30; at += 1) project.write(`files/${at}/.env`, 'now!');
  const { message } = await refusedRestore(archive);
  expect(message).toMatch(/files\/\d\d\/\.env, .* and 10 more\. Nothing was changed\.$/);
  expect(read('files/10/.env')).toBe('now!');
});

describe('the safety backup holds', () => {
  test('a database that the settings of today leave out', async () => {
    mkdirSync(project.path('var'));
    writeRow(project.path('var/app.db'), 'then');
    const { id } = await project.done<Created>('create');
    project.settings({ exclude: ['var'] });
    writeRow(project.path('var/app.db'), 'now');
    const { safetyBackup = '' } = await project.done<Restored>('restore', id, '--yes');
    expect(rowsOf(project.path('var/app.db'))).toEqual(['then']);
    await project.done('restore', safetyBackup, '--yes');
    expect(rowsOf(project.path('var/app.db'))).toEqual(['then', 'now']);
  });

  test('what stands in the place of a database that only the archive knows', async () => {
    mkdirSync(project.path('var'));
    writeRow(project.path('var/foo.bin'), 'then');
    const { archive = '' } = await project.done<Created>('create');
    const alone = project.beside('alone.tar.gz');
    writeFileSync(alone, readFileSync(archive));
    rmSync(project.store, { recursive: true });
    project.write('var/foo.bin', '{"now":1}\n');
    const { safetyBackup = '' } = await project.done<Restored>('restore', alone, '--yes');
    expect(rowsOf(project.path('var/foo.bin'))).toEqual(['then']);
    await project.done('restore', safetyBackup, '--yes', '--to', project.beside('before'));
    const found = execFileSync('grep', ['-rl', 'now', project.beside('before')], { encoding: 'utf8' });
    expect(readFileSync(found.trim(), 'utf8')).toBe('{"now":1}\n');
  });

  test('a link in the place of a database', async () => {
    mkdirSync(project.path('var'));
    writeRow(project.path('var/foo.bin'), 'then');
    const { id } = await project.done<Created>('create');
    rmSync(project.path('var/foo.bin'));
    project.link('elsewhere', 'var/foo.bin');
    const { safetyBackup = '' } = await project.done<Restored>('restore', id, '--yes');
    expect(rowsOf(project.path('var/foo.bin'))).toEqual(['then']);
    await project.done('restore', safetyBackup, '--yes');
    expect(readlinkSync(project.path('var/foo.bin'))).toBe('elsewhere');
  });
});
