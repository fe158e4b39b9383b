/** Modes and times of the folders that a restore makes or finds. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, rmSync, statSync, utimesSync } from 'node:fs';
import type { Restored } from '../support/make-project.ts';
import { SwapRoom } from '../support/swap-room.ts';

let room: SwapRoom;
let project: SwapRoom['project'];

beforeEach(() => {
  room = new SwapRoom();
  ({ project } = room);
});

afterEach(() => {
  room.close();
});

describe('folders', () => {
  const modeOf = (name: string): number => statSync(project.path(name)).mode & 0o7777;
  const then = new Date('2020-02-02T02:02:02Z');

  test('that exist stay as they are with --overwrite never; a missing one is made', async () => {
    chmodSync(project.path('state'), 0o755);
    await room.create();
    rmSync(project.path('state/sub'), { recursive: true });
    chmodSync(project.path('state'), 0o700);
    utimesSync(project.path('config'), then, then);
    utimesSync(project.path('state'), then, then);
    const planned = await project.done<Restored>('restore', '--overwrite', 'never', '--dry-run');
    expect(planned).toMatchObject({ created: 1, folders: 1 });
    await room.restore({ overwrite: 'never' });
    expect([modeOf('state'), modeOf('state/sub')]).toEqual([0o700, 0o755]);
    rmSync(project.path('state/sub/only-old'));
    utimesSync(project.path('state'), then, then);
    await room.restore({ overwrite: 'never' });
    expect(statSync(project.path('state')).mtime).toEqual(then);
  });

  test('that get mode or time are in the plan, as numbers and as text', async () => {
    chmodSync(project.path('state'), 0o755);
    await room.create();
    chmodSync(project.path('state'), 0o700);
    utimesSync(project.path('state/sub'), then, then);
    expect(await project.done('restore', '--dry-run')).toMatchObject({ folders: 2 });
    expect((await project.tool('restore', '--dry-run')).stdout).toContain(
      '2 folders to make, or to give permissions and time back to',
    );
    expect(await project.done('restore', '--yes')).toMatchObject({ folders: 2 });
    expect(modeOf('state')).toBe(0o755);
    expect(statSync(project.path('state/sub')).mtime).not.toEqual(then);
    expect(await project.done('restore', '--yes')).toMatchObject({ folders: 0 });
  });

  test('that are made are private until they get their modes', async () => {
    chmodSync(project.path('state/sub'), 0o700);
    project.write('state/open/file', 'x');
    await room.create();
    const wanted = project.snapshot();
    rmSync(project.path('state'), { recursive: true });
    rmSync(project.path('config'), { recursive: true });
    const staged: number[] = [];
    await room.restore({ skipBackup: true }, () => {
      const files = `${room.leftovers()[0]}/files`;
      staged.push(...['state', 'state/sub', 'state/open'].map((name) => modeOf(`${files}/${name}`)));
    });
    expect(staged).toEqual([0o700, 0o700, 0o700]);
    expect([modeOf('state/sub'), modeOf('state/open')]).toEqual([0o700, 0o755]);
    // The backup knows of this one only what is in it.
    expect(modeOf('config')).toBe(0o755);
    expect([...project.snapshot().keys()].sort()).toEqual([...wanted.keys()].sort());
  });
});
