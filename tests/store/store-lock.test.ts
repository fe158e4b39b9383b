import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock, type Clock } from '../../lib/core/clock.ts';
import { openStore, stateFolder, type Store } from '../../lib/store/store.ts';
import { withStoreLock, type LockRequest } from '../../lib/store/store-lock.ts';
import { withoutPrivileges } from '../support/other-user.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
let store: Store;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = makeTemporaryFolder('lock');
  store = openStore({ path: join(folder, 'backups'), fileMode: 0o600, folderMode: 0o700 });
});
afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  removeTemporaryFolder(folder);
});

const request = (fields: Partial<LockRequest> = {}): LockRequest => ({
  verb: 'create',
  host: 'here',
  retrySeconds: 0,
  clock: systemClock,
  signal: new AbortController().signal,
  ...fields,
});

/** Another process that takes the lock and holds it until it is killed. */
async function holder(): Promise<ChildProcess> {
  const program = `
    import { withStoreLock } from '${new URL('../../dist/lib/store/store-lock.js', import.meta.url).href}';
    import { systemClock } from '${new URL('../../dist/lib/core/clock.js', import.meta.url).href}';
    const store = { path: process.argv[1], modes: { file: 0o600, folder: 0o700 } };
    const signal = new AbortController().signal;
    const request = { verb: 'cleanup', host: 'over there', retrySeconds: 0, clock: systemClock, signal };
    await withStoreLock(store, request, () => {
      console.log('held');
      // The timer holds on to the promise: what nobody can end any more would be collected, and its lock with it.
      return new Promise((resolve) => setInterval(() => resolve === undefined, 1_000));
    });
  `;
  const options = ['--input-type=module', '-e', program, store.path];
  const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** A clock on which waiting costs nothing, and that does something of the test's own at each wait. */
function patientClock(onSleep: (times: number) => void | Promise<void>): Clock & { sleeps: number } {
  let now = 0;
  const clock = {
    ...systemClock,
    sleeps: 0,
    monotonicMs: () => now,
    sleep: async (ms: number) => {
      now += ms;
      clock.sleeps += 1;
      await onSleep(clock.sleeps);
    },
  };
  return clock;
}

describe('the lock of a store', () => {
  test('is held while the work runs, and gives back what the work gives', async () => {
    expect(await withStoreLock(store, request(), () => Promise.resolve(42))).toBe(42);
    expect(await withStoreLock(store, request(), () => Promise.resolve('again'))).toBe('again');
  });

  test('keeps a second run of the same process out', async () => {
    await withStoreLock(store, request({ verb: 'create' }), async () => {
      const second = withStoreLock(store, request(), () => Promise.resolve('never'));
      await expect(second).rejects.toMatchObject({ code: 'STORE_LOCKED', exitCode: 11 });
    });
  });

  test('is free again when the work fails', async () => {
    const failing = withStoreLock(store, request(), () => Promise.reject(new Error('the work failed')));
    await expect(failing).rejects.toThrow('the work failed');
    expect(await withStoreLock(store, request(), () => Promise.resolve('free'))).toBe('free');
  });

  test('names who holds it, since when and what for', async () => {
    const child = await holder();
    const failure: unknown = await withStoreLock(store, request(), () => Promise.resolve()).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 'STORE_LOCKED',
      params: {
        holder: expect.stringMatching(`cleanup, process ${child.pid} on over there, since 20`),
        waitedSeconds: 0,
      },
    });
  });

  test('goes with its process, however that dies', async () => {
    const child = await holder();
    await end(child);
    // The note of the dead one is still there, and misleads nobody.
    expect(existsSync(join(stateFolder(store), 'lock-holder.json'))).toBe(true);
    expect(await withStoreLock(store, request(), () => Promise.resolve('free'))).toBe('free');
    expect(existsSync(join(stateFolder(store), 'lock-holder.json'))).toBe(false);
  });

  test('of a process that is only stopped is not free', async () => {
    const child = await holder();
    child.kill('SIGSTOP');
    await expect(withStoreLock(store, request(), () => Promise.resolve())).rejects.toMatchObject({
      code: 'STORE_LOCKED',
    });
  });

  test('is waited for, and taken when it comes free', async () => {
    const child = await holder();
    const clock = patientClock((times) => (times === 3 ? end(child) : undefined));
    expect(await withStoreLock(store, request({ retrySeconds: 60, clock }), () => Promise.resolve('mine'))).toBe(
      'mine',
    );
    expect(clock.sleeps).toBe(3);
  });

  test('is waited for as long as was asked, and no longer', async () => {
    await holder();
    const clock = patientClock(() => undefined);
    const waiting = withStoreLock(store, request({ retrySeconds: 5, clock }), () => Promise.resolve());
    await expect(waiting).rejects.toMatchObject({ code: 'STORE_LOCKED', params: { waitedSeconds: 5 } });
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(5_000);
    expect(clock.monotonicMs()).toBeLessThan(6_000);
  });

  test('is waited for no longer once the run is interrupted', async () => {
    await holder();
    const stop = new AbortController();
    const clock = patientClock((times) => {
      if (times === 2) stop.abort();
    });
    const waiting = withStoreLock(store, request({ retrySeconds: 600, clock, signal: stop.signal }), () =>
      Promise.resolve(),
    );
    await expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(clock.sleeps).toBe(2);
  });

  test('lets one after the other in, when many come at once', async () => {
    const order: string[] = [];
    const run = async (name: string): Promise<void> => {
      await withStoreLock(store, request({ retrySeconds: 60 }), async () => {
        order.push(`${name} in`);
        await new Promise(setImmediate);
        order.push(`${name} out`);
      });
    };
    await Promise.all(['a', 'b', 'c', 'd'].map(run));
    expect(order).toHaveLength(8);
    for (let at = 0; at < order.length; at += 2) expect(order[at + 1]).toBe(order[at]?.replace('in', 'out'));
  });

  test('is that of the store which stands there, also for who waited for it while another store was removed', async () => {
    let order = '';
    let second: Promise<void> = Promise.resolve();
    await withStoreLock(store, request(), async () => {
      second = withStoreLock(store, request({ retrySeconds: 60 }), async () => {
        order += 'second';
        const third = withStoreLock(store, request(), () => Promise.resolve());
        await expect(third).rejects.toMatchObject({ code: 'STORE_LOCKED' });
      });
      await new Promise((resolve) => setTimeout(resolve, 300));
      rmSync(store.path, { recursive: true });
      order += 'first ';
    });
    await second;
    expect(order).toBe('first second');
    expect(existsSync(join(stateFolder(store), 'lock'))).toBe(true);
  });

  test('is not there for who may not write: that is no lock of somebody else', async () => {
    mkdirSync(store.path, { mode: 0o755 });
    const trying = withoutPrivileges(() => withStoreLock(store, request(), () => Promise.resolve()));
    await expect(trying).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
  });

  test('leaves a note that cannot be read out of its complaint', async () => {
    await holder();
    writeFileSync(join(stateFolder(store), 'lock-holder.json'), '{"verb": "cr');
    const failure: unknown = await withStoreLock(store, request(), () => Promise.resolve()).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'STORE_LOCKED', message: expect.not.stringContaining('undefined') });
  });

  test.each([0o000, 0o077])('is private, with the umask %o', async (umask) => {
    const before = process.umask(umask);
    try {
      await withStoreLock(store, request(), () => {
        const modeOf = (name: string): number => statSync(join(stateFolder(store), name)).mode & 0o777;
        expect([modeOf('.'), modeOf('lock'), modeOf('lock-holder.json')]).toEqual([0o700, 0o600, 0o600]);
        expect(JSON.parse(readFileSync(join(stateFolder(store), 'lock-holder.json'), 'utf8'))).toMatchObject({
          pid: process.pid,
          verb: 'create',
        });
        return Promise.resolve();
      });
    } finally {
      process.umask(before);
    }
  });
});
