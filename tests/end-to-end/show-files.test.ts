import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { TestProject, type Created } from '../support/make-project.ts';

let project: TestProject;

beforeEach(() => {
  project = new TestProject();
  project.write('config/app.json', '{}');
  for (let at = 0; at < 3000; at += 1) project.write(`state/${at % 10}/${at}.json`, String(at));
});

afterEach(() => project.remove());

interface Shown {
  id: string;
  files: number;
  message_type?: string;
  entries: { path: string; origin?: string; kind: string; size: number; mode?: string; sha256?: string }[];
}

test('--files --json is one document with every entry, however many', async () => {
  const { id, files } = await project.done<Created>('create');
  const ended = await project.tool('show', id, '--files', '--json');
  expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
  const shown = ended.json<Shown>();
  expect(shown).toMatchObject({ id, files });
  expect(shown.entries.filter((one) => one.kind === 'file')).toHaveLength(files);
  expect(shown.entries.find((one) => one.path === 'config/app.json')).toMatchObject({ mode: '0644', size: 2 });
  const lines = (await project.tool('show', id, '--files', '--json', '--progress')).stdout.trimEnd().split('\n');
  expect((JSON.parse(lines.at(-1) ?? '') as Shown).message_type).toBe('summary');
});

test('of a manifest that is damaged at its end nothing is printed, for half a document is none', async () => {
  const { id, directory } = await project.done<Created>('create');
  const file = join(directory, 'manifest.jsonl.gz');
  const text = gunzipSync(readFileSync(file)).toString();
  writeFileSync(file, gzipSync(text.slice(0, text.lastIndexOf('{"end"'))));
  const ended = await project.tool('show', id, '--files', '--json');
  expect([ended.code, ended.stdout]).toEqual([4, '']);
  expect(ended.stderr).toContain('MANIFEST_DAMAGED');
});

test.each(['tar', 'zip'])('of a foreign %s it is the same', async (kind) => {
  const archive = project.beside(`theirs.${kind}`);
  const command = kind === 'tar' ? ['tar', 'cf', archive, 'state'] : ['zip', '-qr', archive, 'state'];
  execFileSync(command[0] ?? '', command.slice(1), { cwd: project.root });
  const shown = await project.done<Shown & { folders: number }>('show', archive, '--files');
  expect(shown.files).toBe(3000);
  expect(shown.entries.filter((one) => one.kind === 'file')).toHaveLength(3000);
  expect(shown.entries.filter((one) => one.kind === 'directory')).toHaveLength(shown.folders);

  const bytes = readFileSync(archive);
  writeFileSync(archive, bytes.subarray(0, bytes.length - (kind === 'tar' ? 20_000 : 40)));
  const damaged = await project.tool('show', archive, '--files', '--json');
  expect([damaged.code, damaged.stdout]).toEqual([4, '']);
});
