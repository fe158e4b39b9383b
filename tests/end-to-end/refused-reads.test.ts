import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { giveToNobody, openToAll, runAsNobody } from '../support/as-nobody.ts';
import { TestProject, type Created, type Verified } from '../support/make-project.ts';
import type { Ended } from '../support/run-tool.ts';

let project: TestProject;
let created: Created;

beforeEach(async () => {
  project = new TestProject();
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/queue.json', '[1, 2, 3]\n');
  created = await project.done<Created>('create');
  await project.done('verify');
  giveToNobody(project.folder);
  openToAll(project.folder);
});

afterEach(() => project.remove());

const asNobody = (...args: string[]): Promise<Ended> => runAsNobody([...args, '--root', project.root]);
const metadataFile = (): string => join(created.directory, 'metadata.json');
const parts = {
  'metadata.json': metadataFile,
  'manifest.jsonl.gz': () => join(created.directory, 'manifest.jsonl.gz'),
  'the archive': () => created.archive ?? '',
  'the folder': () => created.directory,
};
const names = Object.keys(parts) as (keyof typeof parts)[];

describe.each(names)('a backup of which this user may not read %s', (name) => {
  let before: string;
  beforeEach(() => {
    before = readFileSync(metadataFile(), 'utf8');
    chmodSync(parts[name](), 0o000);
  });

  test.each([[], ['--check-content'], ['--all']])(
    'is not called damaged by verify %j',
    async (...options: string[]) => {
      const { code, stdout, stderr } = await asNobody('verify', ...options);
      expect(code).toBe(1);
      expect(stdout + stderr).toMatch(/could not be read \(EACCES; .*this runs as user \d+\)/);
      expect(stdout + stderr).not.toMatch(/damaged/);
    },
  );

  test('is as verified as it was, for verify proved nothing', async () => {
    await asNobody('verify', '--check-content');
    chmodSync(parts[name](), 0o700);
    expect(readFileSync(metadataFile(), 'utf8')).toBe(before);
    expect(JSON.parse(before)).toHaveProperty('verifiedAt');
  });

  test('is no damaged one to restore either, and the hint says whose right it takes', async () => {
    const { code, stderr } = await asNobody('restore', '--to', project.beside('elsewhere'), '--yes');
    expect(code).toBe(1);
    expect(stderr).toMatch(/could not be read \(EACCES; .*this runs as user \d+\); whether it is whole is not known/);
    expect(stderr).toMatch(/Run it as the user whose backups these are/);
    expect(stderr).not.toMatch(/damaged/);
  });
});

test('a file of a plain tree that may not be read is named as that', async () => {
  project.settings({ storage: { compress: false } });
  const { directory } = (await asNobody('create', '--json')).json<Created>();
  chmodSync(join(directory, 'state/queue.json'), 0o000);
  const ended = await asNobody('verify', '--json');
  expect(ended.code).toBe(1);
  expect(ended.json<Verified>().problems).toMatchObject([{ code: 'backup-unreadable', path: 'state/queue.json' }]);
});

test('what is damaged beside what may not be read still ends with 4', async () => {
  chmodSync(metadataFile(), 0o000);
  project.write('backups/backup-2031-01-01T00-00-00-000Z-abcdef/metadata.json', '{');
  const ended = await asNobody('verify', '--all', '--json');
  expect(ended.code).toBe(4);
  const problems = ended.json<{ backups: Verified[] }>().backups.flatMap((one) => one.problems);
  expect(problems.map((one) => one.code).sort()).toEqual(['backup-unreadable', 'metadata-damaged']);
});
