/** Keys that a command prints, and commands that print none, too much, or never end. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBackupError } from '../../lib/core/errors.ts';
import { runKeyCommand } from '../../lib/crypto/key-command.ts';
import type { Key } from '../../lib/crypto/key.ts';
import { rsaPair } from '../support/rsa-keys.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('key-command');
});
afterEach(() => removeTemporaryFolder(folder));

const source = { name: 'BACKUP_ENCRYPTION_KEY_COMMAND' };

const runIn = (command: string, signal: AbortSignal, environment: Record<string, string> = {}): Promise<Key> =>
  runKeyCommand(command, source, { folder, environment: { PATH: process.env.PATH, ...environment }, signal });

const runIt = (command: string, environment?: Record<string, string>): Promise<Key> =>
  runIn(command, new AbortController().signal, environment);

async function refusalOf(running: Promise<Key>): Promise<{ code: string; params: object; all: string }> {
  try {
    await running;
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const { code, params, message, hint, stack, cause } = error;
    return { code, params, all: JSON.stringify([params, message, hint, stack, String(cause)]) };
  }
  throw new Error('it gave a key');
}

describe('a command', () => {
  test('gives what it prints', async () => {
    expect(await runIt('echo word')).toMatchObject({
      kind: 'secret',
      form: 'line',
      secret: Buffer.from('word'),
      source,
    });
    expect(await runIt(`cat <<'END'\n${rsaPair(2048).privateKey}END`)).toMatchObject({ kind: 'private' });
  });

  test('may be any that a shell takes, in the project’s folder and with this environment', async () => {
    writeFileSync(join(folder, 'vault'), 'user\nwo\n');
    const command = `sed -n 2p vault | tr -d '\\n' && printf '%s\\n' "\${END:-none}"`;
    expect(await runIt(command, { END: 'rd' })).toMatchObject({ secret: Buffer.from('word') });
  });

  test('is not in its own environment, nor in the words that everybody may see', async () => {
    const command = `: secret-word; tr '\\0' '\\n' < /proc/$$/cmdline > seen; env >> seen; echo word`;
    await runIt(command);
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen).toContain('PATH=');
    expect(seen).not.toContain('secret-word');
  });

  test('says nothing on standard error that is told', async () => {
    const refused = await refusalOf(runIt('echo "the key is secret-word" >&2; exit 3'));
    expect(refused).toMatchObject({ code: 'KEY_UNREADABLE', params: { source: source.name, reason: 'exit code 3' } });
    expect(refused.all).not.toContain('secret-word');
  });

  test('that fails gives no key, though it printed one, and neither is told', async () => {
    const refused = await refusalOf(runIt('echo secret-word; exit 1'));
    expect(refused).toMatchObject({ code: 'KEY_UNREADABLE', params: { reason: 'exit code 1' } });
    expect(refused.all).not.toContain('secret-word');
  });

  test('that is not there is not repeated: it may hold a password', async () => {
    const refused = await refusalOf(runIt('no-such-vault --password secret-word'));
    expect(refused.params).toEqual({ source: source.name, reason: 'exit code 127: there is no such command' });
    expect(refused.all).not.toMatch(/secret-word|no-such-vault/);
  });

  test('that may not be run says so', async () => {
    writeFileSync(join(folder, 'vault'), 'echo word\n', { mode: 0o644 });
    const refused = await refusalOf(runIt('./vault'));
    expect(refused.params).toEqual({ source: source.name, reason: 'exit code 126: it may not be run' });
  });

  test('that a signal ends says so', async () => {
    expect((await refusalOf(runIt('kill -9 $$'))).params).toMatchObject({ reason: 'it was ended by SIGKILL' });
  });

  test.each(['true', 'echo', 'echo word | grep other; true'])(
    'that prints nothing gives no key: %s',
    async (command) => {
      expect(await refusalOf(runIt(command))).toMatchObject({
        code: 'KEY_INVALID',
        params: { problem: 'it is empty' },
      });
    },
  );

  test('that prints without an end is stopped', async () => {
    // `yes` is the shell's child: what ends it is that nobody reads any more.
    const refused = await refusalOf(runIt('yes secret-word; echo still there'));
    expect(refused).toMatchObject({ code: 'KEY_INVALID', params: { problem: 'it is too large' } });
    expect(refused.all).not.toContain('secret-word');
  });

  test('that prints more than a key has gives none, though it ends well', async () => {
    const refused = await refusalOf(runIt(`echo "$PEM"; head -c 70000 /dev/zero`, { PEM: rsaPair(2048).privateKey }));
    expect(refused).toMatchObject({ code: 'KEY_INVALID', params: { problem: 'it is too large' } });
  });

  test('in a folder that is not there fails', async () => {
    const gone = { folder: join(folder, 'gone'), environment: {}, signal: new AbortController().signal };
    expect(await refusalOf(runKeyCommand('echo word', source, gone))).toMatchObject({ code: 'KEY_UNREADABLE' });
  });
});

describe('a run that is interrupted', () => {
  test('waits neither for the command nor for what that has started', async () => {
    const interrupt = new AbortController();
    // Said by the command itself: then it is under way, with a child that would sleep for an hour.
    const running = refusalOf(runIn('sleep 3600 & echo $! > pid; : > begun; wait', interrupt.signal));
    while (!existsSync(join(folder, 'begun'))) await new Promise(setImmediate);
    interrupt.abort();
    try {
      expect(await running).toMatchObject({ code: 'INTERRUPTED' });
    } finally {
      process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')));
    }
  });

  test('begins no command', async () => {
    const interrupt = new AbortController();
    interrupt.abort();
    expect(await refusalOf(runIn(': > begun; echo word', interrupt.signal))).toMatchObject({ code: 'INTERRUPTED' });
    expect(existsSync(join(folder, 'begun'))).toBe(false);
  });

  test('leaves nothing on its signal when the command has ended', async () => {
    const interrupt = new AbortController();
    await runIn('echo word', interrupt.signal);
    expect(getEventListeners(interrupt.signal, 'abort')).toEqual([]);
  });
});
