import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { harmless, harmlessJson } from '../../lib/cli/harmless.ts';
import { AttackRoom, lineOf, linkLine } from '../support/attack-room.ts';

/** Escape sequences in names, which clear the screen, rename the window, write over what was said, or turn text over. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const escapes = ['\u001b[2J', '\u001b]0;owned\u0007', '\u009b31m', '\r', '\u202e', '\u007f', '\b\b\b'];
const evil = `evil${escapes.join('x')}`;
/** What no line may hold; colours are off, as these are no terminals. */
// eslint-disable-next-line no-control-regex -- control characters are what this is about
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

async function expectHarmless(...commands: string[][]): Promise<void> {
  for (const args of commands) {
    for (const language of ['en', 'ja']) {
      const { stdout, stderr } = await room.project.tool(...args, '--lang', language);
      expect([args, control.exec(stdout + stderr)]).toEqual([args, null]);
      expect(stdout + stderr).not.toMatch(/UNEXPECTED|--verbose/);
    }
  }
}

/** Every text of a backup's metadata that is free gets escapes; whatever else it says stays what it was. */
function poison(directory: string): void {
  const file = join(directory, 'metadata.json');
  const metadata = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const warning = { code: 'file-unreadable', message: evil, path: evil, params: { path: evil, reason: evil } };
  Object.assign(metadata, {
    name: evil,
    host: evil,
    version: evil,
    git: { commit: evil, branch: evil, dirty: true },
    databases: [{ name: evil, kind: evil, version: evil, tables: [evil] }],
    warnings: [
      warning,
      { ...warning, code: evil },
      { code: 'backup-incomplete', message: evil, params: { causes: [warning] } },
    ],
    complete: false,
    targets: { ...(metadata.targets as object), [evil]: { files: 1, size: 1 } },
  });
  writeFileSync(file, JSON.stringify(metadata));
}

test('of a backup’s metadata and entries nothing gets to the terminal', async () => {
  const { id, directory } = await room.forged((lines) => [
    ...lines,
    { ...lineOf(lines, 'state/queue.json'), path: `state/${evil}`, origin: `state/${evil}` },
    linkLine(lines, `state/link${evil}`, evil),
  ]);
  poison(directory);
  const to = ['--to', room.destination, '--yes'];
  await expectHarmless(
    ['list'],
    ['list', '--json'],
    ['show', id, '--files'],
    ['show', id, '--files', '--json'],
    ['verify', id, '--check-content'],
    ['verify', '--all', '--json'],
    ['diff', id],
    ['diff', id, '--json'],
    ['restore', id, ...to, '--dry-run', '--verbose'],
    ['restore', id, ...to],
    ['cleanup', '--dry-run', '--keep-count', '1'],
  );
});

test.each(['tar', 'zip'] as const)('of a %s’s names nothing gets to the terminal', async (kind) => {
  const parts = [
    { name: `a${evil}`, content: 'x' },
    { name: 'good', content: 'x' },
  ];
  const file = kind === 'tar' ? room.tar(...parts) : room.zip(...parts);
  const bad = kind === 'tar' ? room.give('bad.tar', readFileSync(file).subarray(0, 700)) : file;
  await expectHarmless(
    ['show', file, '--files'],
    ['show', file, '--files', '--json'],
    ['verify', file],
    ['verify', bad],
    ['restore', file, '--to', room.destination, '--yes'],
  );
});

test('a line end in a name does not begin a line of its own', async () => {
  const file = room.tar({ name: '../x\nverified: all is well', content: 'x' });
  const verified = await room.restore(file);
  expect(verified.stderr.split('\n').filter((line) => line.startsWith('verified'))).toEqual([]);
});

describe('the last door', () => {
  test('lets colours through, and nothing else', () => {
    expect(harmless('\u001b[31mred\u001b[39m \u001b[1mbold\u001b[22m')).toBe(
      '\u001b[31mred\u001b[39m \u001b[1mbold\u001b[22m',
    );
    for (const one of [...escapes, '\u001b[8m', '\u001b[31;1H', '\u001b[999m', '\u001bc', '\u001b[5m']) {
      expect(harmless(`x${one}y`)).not.toMatch(control);
    }
    expect(harmless('a\u001b[2Jb')).toBe('a\\x1b[2Jb');
  });

  test('leaves text as it is', () => {
    for (const text of ['日本語、絵文字 🎉\n\tañb', 'e\u0301', '→ ✓']) expect(harmless(text)).toBe(text);
  });

  test('writes JSON that means the same', () => {
    const value = { name: `\u009b2J${evil}`, list: ['\u202e', '日本語'] };
    const text = harmlessJson(JSON.stringify(value));
    expect(text).not.toMatch(control);
    expect(JSON.parse(text)).toEqual(value);
  });
});
