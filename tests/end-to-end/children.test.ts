/** What the programs that a run starts are told: nothing of the keys. And what a core dump of all of them would hold. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { TestProject, type Created } from '../support/make-project.ts';

const canary = 'canary-7d1f0c55-of-the-key';
const token = 'canary-2b90a1c4-of-the-token';

let project: TestProject;

beforeEach(() => {
  project = new TestProject({ ownProcesses: true });
});

afterEach(() => project.remove());

/** A program of that name, first on PATH, that notes its arguments and environment and then does what the real one does. */
function spy(name: string): void {
  const path = project.write(
    `../bin/${name}`,
    `#!/bin/sh
{ echo "argv: $0 $*"; env; } >> "${project.beside(`seen-${name}`)}"
PATH="\${PATH#*:}" exec ${name} "$@"
`,
  );
  chmodSync(path, 0o755);
}
const seenBy = (name: string): string => readFileSync(project.beside(`seen-${name}`), 'utf8');
const withSpies = (): string => `${project.beside('bin')}:${process.env.PATH ?? ''}`;

describe('programs that a run starts', () => {
  test('git, sync and the compressing tools get the environment without the keys', async () => {
    for (const name of ['git', 'sync', 'xz', 'bzip2']) spy(name);
    project.write('.git/HEAD', 'ref: refs/heads/main\n');
    project.write('state/a.json', '{}\n');
    const env = {
      PATH: withSpies(),
      BACKUP_ENCRYPTION_KEY: canary,
      BACKUP_ENCRYPTION_KEY_FILE: project.beside(`${canary}.key`),
      BACKUP_ENCRYPTION_KEY_COMMAND: `echo ${canary}`,
      ORDINARY: 'is-passed-on',
    };
    writeFileSync(env.BACKUP_ENCRYPTION_KEY_FILE, `${canary}\n`, { mode: 0o600 });
    for (const compression of ['xz', 'bzip2']) {
      const made = await project.toolWith({ env }, 'create', '--compression', compression, '--json');
      expect(made.code).toBe(0);
      const { id } = made.json<Created>();
      project.write('state/a.json', 'changed\n');
      expect((await project.toolWith({ env }, 'restore', id, '--yes')).code).toBe(0);
    }
    expect((await project.toolWith({ env }, 'doctor')).code).toBe(0);
    for (const name of ['git', 'sync', 'xz', 'bzip2']) {
      expect([name, seenBy(name).includes('ORDINARY=is-passed-on')]).toEqual([name, true]);
      expect([name, seenBy(name).includes(canary), /^BACKUP_ENCRYPTION/m.test(seenBy(name))]).toEqual([
        name,
        false,
        false,
      ]);
    }
  });

  test('and so does its own process for SQLite work', async () => {
    const database = new Database(project.path('app.db'));
    database.exec('CREATE TABLE t (a)').close();
    // Every Node that starts notes what it was started with.
    const note = "require('fs').appendFileSync(process.env.SEEN, JSON.stringify([process.argv, process.env]) + '\\n')";
    const spyFile = project.write('../note.cjs', note);
    const env = { NODE_OPTIONS: `--require "${spyFile}"`, SEEN: project.beside('seen'), BACKUP_ENCRYPTION_KEY: canary };
    expect((await project.toolWith({ env }, 'create')).code).toBe(0);
    const seen = readFileSync(env.SEEN, 'utf8').trimEnd().split('\n');
    const ofSqlite = seen.filter((line) => line.includes('sqlite-process-main'));
    expect([seen.length - ofSqlite.length, ofSqlite.length > 0]).toEqual([1, true]);
    expect(seen.filter((line) => line.includes(canary))).toHaveLength(1);
    expect(ofSqlite.join('\n')).not.toContain(canary);
  });

  test('the command that gives the key gets all of it: it may need a token', async () => {
    const seen = project.beside('seen-command');
    const env = { BACKUP_ENCRYPTION_KEY_COMMAND: `env > '${seen}'; printf '%s' "$TOKEN"`, TOKEN: token };
    const ended = await project.toolWith({ env }, 'doctor');
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/BACKUP_ENCRYPTION_KEY_COMMAND/);
    expect(ended.stdout + ended.stderr).not.toContain(token);
    expect(readFileSync(seen, 'utf8')).toContain(`TOKEN=${token}`);
  });
});

describe('a core dump', () => {
  test('would hold no memory of the tool, nor of what it starts', async () => {
    if (!existsSync('/proc/self/coredump_filter')) return;
    const seen = project.beside('filters');
    const command = `cat /proc/$PPID/coredump_filter /proc/self/coredump_filter > '${seen}'; echo a key`;
    const ended = await project.toolWith({ env: { BACKUP_ENCRYPTION_KEY_COMMAND: command } }, 'doctor');
    expect(ended.code).toBe(0);
    expect(
      readFileSync(seen, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((bits) => Number.parseInt(bits, 16)),
    ).toEqual([0, 0]);
  });
});

describe('nothing is written outside of the store and the destination', () => {
  test('with no folder for temporary files, everything works as ever', async () => {
    const env = { TMPDIR: project.beside('there-is-none') };
    const run = async (...args: string[]): Promise<void> => {
      const ended = await project.toolWith({ env }, ...args);
      expect([...args, ended.code, ended.stderr.includes('there-is-none')]).toEqual([...args, 0, false]);
    };
    const change = (text: string): void => {
      project.write('state/a.json', text);
      const database = new Database(project.path('app.db'));
      database.pragma('journal_mode = WAL');
      database.exec('CREATE TABLE IF NOT EXISTS t (a)');
      database.prepare('INSERT INTO t VALUES (?)').run(text);
      database.close();
    };
    change('one');
    await run('create');
    await run('create', '--format', 'zip');
    await run('create', '--format', 'directory');
    await run('create', '--output', project.beside('out.tar.gz'));
    change('two');
    await run('create', '--mode', 'incremental');
    await run('verify', '--all', '--check-content');
    await run('verify', project.beside('out.tar.gz'), '--check-content');
    await run('diff', 'latest');
    await run('consolidate');
    change('three');
    await run('diff', 'latest');
    await run('restore', 'latest', '--yes', '--verify');
    await run('restore', 'latest', '--to', project.beside('elsewhere'), '--yes');
    await run('cleanup', '--keep-count', '1');
    await run('doctor');
    expect(existsSync(env.TMPDIR)).toBe(false);
    expect(readdirSync(join(project.store, '.state/tmp'))).toEqual([]);
  });
});
