import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { stepsOfManifest } from '../../lib/store/rebuild-script.ts';
import { rebuildInstructions } from '../../lib/store/rebuild-instructions.ts';
import { restoreInstructions } from '../../lib/store/restore-instructions.ts';
import { AttackRoom } from '../support/attack-room.ts';
import { sampleMetadata } from '../support/sample-metadata.ts';

/** Commands that a person pastes into a shell, with words of somebody else in them. */

let room: AttackRoom;
beforeEach(() => {
  room = new AttackRoom();
});
afterEach(() => room.remove());

const evil = [
  "x'; touch planted; '",
  '$(touch planted)',
  '`touch planted`',
  'x"; touch planted; "',
  'x\ntouch planted\n',
  '-rf',
];

/** Lines within the blocks of commands. */
const commandsOf = (text: string): string =>
  [...text.matchAll(/```sh\n([\s\S]*?)\n```/g)].map((match) => match[1] ?? '').join('\n');

test.each(evil)('a name of %j in RESTORE.md runs nothing', (name) => {
  const metadata = sampleMetadata({
    host: `${name}\n\`\`\`sh\ntouch planted\n\`\`\``,
    timestamp: `2026-06-19 (${name})\n\`\`\`sh\ntouch planted`,
    targets: { [`\`\`\`sh\ntouch planted ${name}`]: { files: 1, size: 1 } },
    databases: [{ name: `data/${name}`, kind: 'sqlite', version: '3' }],
  });
  const source = { path: `state/${name}`, origin: `state/${name}`, isFolder: true };
  const folder = room.project.beside('pasted');
  mkdirSync(join(folder, 'restored/state'), { recursive: true });
  const text = restoreInstructions(metadata, [source]);
  writeFileSync(join(folder, 'script'), commandsOf(text).replace('PROJECT=/path/to/the/project', 'PROJECT=project'));
  // Most of it fails, as there is no archive: what counts is what is run besides.
  spawnSync('sh', ['script'], { cwd: folder, stdio: 'ignore' });
  expect(existsSync(join(folder, 'planted'))).toBe(false);
});

test('an ID or a folder of the chain begins no block of commands', () => {
  const archive = {
    backup: 'x\n```\n```sh\ntouch planted',
    file: 'a.tar.gz',
    compression: 'gzip',
    folder: '/x\n```sh\ntouch planted',
  };
  const text = rebuildInstructions(sampleMetadata(), [archive, { ...archive, backup: 'b', folder: '/b' }]);
  expect(commandsOf(text)).not.toMatch(/^touch planted/m);
});

test('the script that rebuilds a chain runs nothing of a manifest, and writes nothing outside', () => {
  const folder = room.project.beside('rebuilt');
  mkdirSync(join(folder, 'rebuild'), { recursive: true });
  const entry = (fields: object): object => ({
    path: 'state/x',
    origin: 'state/x',
    kind: 'file',
    mode: '0644',
    mtime: '1.000000000',
    size: 3,
    sha256: 'ab'.repeat(32),
    at: [0, 512],
    ...fields,
  });
  const lines = [
    { manifest: 1, owner: { uid: 0, gid: 0 } },
    { frame: 0, archive: 0, offset: 0, storedSize: 100, size: 2048, sha256: 'ab'.repeat(32) },
    entry({ mode: '0644; touch planted' }),
    entry({ path: 'state/y\\', mode: '`touch planted`', sha256: '; touch planted' }),
    entry({ mtime: '0; touch planted; .000000000' }),
    entry({ path: '../planted' }),
    entry({ path: 'state/../../planted' }),
    entry({ path: "state/'; touch planted; '" }),
    entry({ path: 'state/$(touch planted)' }),
    { ...entry({ path: 'state/link', kind: 'symlink' }), linkTarget: "x'; touch planted; '" },
    { ...entry({ path: 'state/folder', kind: 'directory' }), mode: '755; touch planted' },
  ];
  writeFileSync(join(folder, 'rebuild/manifest.jsonl'), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  writeFileSync(join(folder, 'rebuild/0.tar'), Buffer.alloc(2048, 'x'));
  const steps = [
    'set -u',
    'part() { head -c "$3" rebuild/0.tar; }',
    'check() { :; }',
    `LC_ALL=C awk -v have=" 0 " '${stepsOfManifest}' rebuild/manifest.jsonl`,
    'for step in folders contents links odd times modes; do . rebuild/$step; done',
  ].join('\n');
  writeFileSync(join(folder, 'script'), steps);
  execFileSync('sh', ['-c', '. ./script || true'], { cwd: folder, stdio: 'ignore' });
  expect(existsSync(join(folder, 'restored/state/x'))).toBe(true);
  expect(existsSync(join(folder, 'planted'))).toBe(false);
  expect(existsSync(room.project.beside('planted'))).toBe(false);
  expect(readFileSync(join(folder, 'rebuild/left-out'), 'utf8')).toContain('../planted');
});
