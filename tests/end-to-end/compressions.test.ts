/** Compressions that a program of the system does: levels, foreign archives, and what is said where it is missing. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { TestProject, type Created, type Restored, type Verified } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  // What is there is found out once a process, so that each command needs its own.
  project = new TestProject({ ownProcesses: true });
  project.write('state/a', 'a line\n'.repeat(1000));
});

afterEach(() => {
  project.remove();
});

/** PATH as a machine has it that holds these programs only, each a shell script. */
function pathWith(scripts: Record<string, string> = {}): { env: { PATH: string } } {
  const PATH = project.beside('programs');
  mkdirSync(PATH, { recursive: true });
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(`${PATH}/${name}`, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return { env: { PATH } };
}

interface Refused {
  error: { code: string; message: string };
}

const tools = [
  { compression: 'bzip2', wanted: /needs the program bzip2 \(install bzip2\)/, flag: '-j', ending: 'tar.bz2' },
  { compression: 'xz', wanted: /needs the program xz \(install xz-utils\)/, flag: '-J', ending: 'tar.xz' },
] as const;

describe.each(tools)('$compression', ({ compression, wanted, flag, ending }) => {
  test.each(['option', 'settings', 'dry run'])(
    'that is missing is named before anything is written: %s',
    async (how) => {
      if (how === 'settings') project.settings({ storage: { compression } });
      const args = {
        option: ['--compression', compression],
        settings: [],
        'dry run': ['--dry-run', '--compression', compression],
      };
      const ended = await project.toolWith(pathWith(), 'create', '--json', ...(args[how as 'option'] ?? []));
      expect(ended.code).toBe(2);
      expect((JSON.parse(ended.stderr) as Refused).error).toMatchObject({
        code: 'CODEC_UNAVAILABLE',
        message: expect.stringMatching(wanted),
      });
      expect(existsSync(project.store)).toBe(false);
    },
  );

  test('that is something else of that name is missing', async () => {
    const path = pathWith({ [compression]: 'while read -r line; do :; done; echo something else' });
    const ended = await project.toolWith(path, 'create', '--json', '--compression', compression);
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stderr)).toMatchObject({ error: { code: 'CODEC_UNAVAILABLE' } });
    expect(existsSync(project.store)).toBe(false);
  });

  test('that can only unpack, as in BusyBox, is enough to verify and restore', async () => {
    const { id } = await project.done<Created>('create', '--compression', compression);
    const real = execFileSync('which', [compression], { encoding: 'utf8' }).trim();
    const path = pathWith({ [compression]: `[ "$*" = '-d -c' ] && exec ${real} -dc; exit 1` });
    const verified = await project.toolWith(path, 'verify', id, '--check-content', '--json');
    expect(verified.json<Verified>()).toMatchObject({ ok: true });
    const copy = project.beside('copy');
    const restored = await project.toolWith(path, 'restore', id, '--to', copy, '--yes', '--json');
    expect(restored.code).toBe(0);
    expect(readFileSync(`${copy}/state/a`, 'utf8')).toBe('a line\n'.repeat(1000));
    const refused = await project.toolWith(path, 'create', '--json', '--compression', compression);
    expect(refused.code).toBe(2);
  });

  test('that is missing is named where a backup is to be read', async () => {
    const { id, archive = '' } = await project.done<Created>('create', '--compression', compression);
    for (const name of [id, archive]) {
      const ended = await project.toolWith(pathWith(), 'restore', name, '--to', project.beside('copy'), '--yes');
      expect(ended.code).not.toBe(0);
      expect(ended.stderr).toMatch(wanted);
    }
  });

  test('takes no other level than it has', async () => {
    const lowest = compression === 'xz' ? 0 : 1;
    for (const level of [lowest - 1, 10, 1.5]) {
      const args = ['--compression', compression, `--compression-level=${level}`];
      const ended = await project.tool('create', '--json', ...args);
      expect(ended.code).toBe(2);
      expect((JSON.parse(ended.stderr) as Refused).error.message).toContain(`from ${lowest} to 9 for ${compression}`);
    }
    for (const level of [lowest, 9]) {
      await project.done('create', '--compression', compression, '--compression-level', String(level));
    }
    expect((await project.tool('verify', 'latest', '--check-content')).code).toBe(0);
  });

  test('is read where tar made the archive: listed, verified, restored', async () => {
    const file = project.beside(`made by tar.${ending}`);
    execFileSync('tar', [flag, '-cf', file, 'state'], { cwd: project.root });
    const { entries } = await project.done<{ entries: { path: string }[] }>('show', file, '--files');
    expect(entries.map((one) => one.path)).toContain('state/a');
    expect((await project.tool('verify', file)).code).toBe(0);
    const copy = project.beside('copy');
    expect(await project.done<Restored>('restore', file, '--to', copy, '--yes')).toMatchObject({ created: 1 });
    expect(readFileSync(`${copy}/state/a`, 'utf8')).toBe('a line\n'.repeat(1000));
  });

  test.each(['cut short', 'flipped', 'followed by something else'])(
    'says so where the archive that tar made is %s',
    async (damage) => {
      const file = project.beside(`made by tar.${ending}`);
      execFileSync('tar', [flag, '-cf', file, 'state'], { cwd: project.root });
      const whole = readFileSync(file);
      const flipped = Buffer.from(whole);
      flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 8;
      const damaged = { 'cut short': whole.subarray(0, -9), flipped }[damage];
      writeFileSync(file, damaged ?? Buffer.concat([whole, Buffer.from('something')]));
      expect((await project.tool('verify', file)).code).toBe(4);
      expect((await project.tool('restore', file, '--to', project.beside('copy'), '--yes')).code).toBe(4);
      expect(existsSync(project.beside('copy/state/a'))).toBe(false);
    },
  );
});

test('a compression that nobody knows is wrong usage', async () => {
  expect((await project.tool('create', '--compression', 'rar')).code).toBe(2);
  project.settings({ storage: { compression: 'rar' } });
  expect((await project.tool('create')).code).toBe(2);
  expect(existsSync(project.store)).toBe(false);
});
