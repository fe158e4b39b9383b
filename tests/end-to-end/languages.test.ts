import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { TestProject, type Created } from '../support/make-project.ts';
import { runResidentTool } from '../support/resident-tool.ts';
import type { Ended } from '../support/run-tool.ts';

let project: TestProject;
let id: string;

beforeAll(async () => {
  project = new TestProject();
  project.settings({ schedule: { nightly: '0 2 * * *' }, timezone: 'Asia/Tokyo' });
  project.write('state/queue.json', '[1, 2, 3]\n');
  project.write('.env', 'API_KEY=secret\n');
  project.write('package.json', '{"name": "host"}\n');
  id = (await project.done<Created>('create', '--name', 'first')).id;
});

afterAll(() => project.remove());

const japanese = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

/** What is no sentence of any language: commands, quoted things, paths, options, numbers with units, names of settings. */
function proseOf(text: string): string {
  return text
    .replaceAll(project.folder, '')
    .replace(/`[^`]*`|"[^"]*"|“[^”]*”/g, '')
    .replace(/npm run [^\n]*/g, '')
    .replace(/npx [^\n]*/g, '')
    .replace(/backup-\d{4}-[\w-]+/g, '')
    .replace(/--?[\w-]+/g, '')
    .replace(/[\w.-]*\/[\w./*-]*/g, '')
    .replace(/\S*\.\S+/g, '');
}

/** Runs of words that can only be English: three in a row. */
const englishIn = (text: string): string[] => proseOf(text).match(/\b[A-Za-z]{2,}(?: [a-z]+){2,}/g) ?? [];

function expectJapanese({ stdout, stderr }: Ended): void {
  const said = stdout + stderr;
  expect(said).toMatch(japanese);
  expect(englishIn(said)).toEqual([]);
  expect(said).not.toMatch(/undefined|\[object/);
}

const inJapanese = (...args: string[]): Promise<Ended> => project.toolWith({ env: { BACKUP_LANG: 'ja' } }, ...args);

describe('Japanese', () => {
  test('the check itself finds English', () => {
    expect(englishIn('エラー: There is no such backup')).not.toEqual([]);
    expect(englishIn('保存先 /a/b にバックアップ "x y z w" はありません。`npm run backup:list`')).toEqual([]);
  });

  test.each([
    [['create']],
    [['create', '--format', 'directory', '--name', '毎週']],
    [['create', '--dry-run']],
    [['list']],
    [['create', '--mode', 'incremental', '--rehash']],
    [['create', '--mode', 'differential', '--since', '2026-01-01']],
    [['show']],
    [['diff']],
    [['diff', '--stat', 'first', 'latest']],
    [['consolidate', '--dry-run']],
    [['consolidate']],
    [['consolidate', 'latest']],
    [['verify']],
    [['verify', '--check-content', '--verbose']],
    [['verify', '--all']],
    [['restore', '--dry-run', '--overwrite', 'always']],
    [['restore', '--yes', '--overwrite', 'always']],
    [['restore', '--yes']],
    [['cleanup', '--dry-run', '--keep-count', '1']],
    [['schedule', '--list']],
    [['schedule', '--once', 'nightly']],
    [['schedule', '--schedule-type', 'weekly', '--time', '03:00']],
    [['config', '--check']],
    [['config', '--set-option', 'maxBackups=9']],
    [['audit']],
    [['audit', 'show']],
    [['init', '--dry-run']],
    [['doctor']],
    [['doctor', '--repair']],
  ])('%j says everything in Japanese', async (args) => {
    const ended = await inJapanese(...args);
    expect(ended.code).toBe(0);
    expectJapanese(ended);
  });

  test.each([
    ...['', 'create', 'list', 'show', 'verify', 'restore', 'diff', 'consolidate', 'cleanup'],
    ...['audit', 'keys', 'schedule', 'config', 'init', 'doctor'],
  ])('the help of "%s" is Japanese', async (verb) => {
    const ended = await runResidentTool([...(verb === '' ? [] : [verb]), '--help', '--lang', 'ja']);
    expect(ended.code).toBe(0);
    expectJapanese(ended);
    expect(ended.stderr).toBe('');
  });

  test.each([
    [10, ['verify', 'nothing-like-it']],
    [10, ['verify', 'backup-2027']],
    [2, ['create', '--targets', 'stat']],
    [2, ['create', '--tragets', 'state']],
    [2, ['create', '--targets']],
    [2, ['craete']],
    [2, ['create', '--compression', 'rar']],
    [2, ['create', '--compression-level', '99']],
    [2, ['create', '--since', 'yesterday']],
    [10, ['create', '--base-backup', 'nothing-like-it']],
    [2, ['create', '--mode', 'full', '--base-backup', 'latest']],
    [2, ['create', '--output', 'copy.zip', '--compression', 'gzip', '--format', 'tar']],
    [10, ['diff', 'nothing-like-it']],
    [2, ['diff', '--targets', 'stat']],
    [10, ['consolidate', 'nothing-like-it']],
    [2, ['create', '--name', '']],
    [2, ['create', '--retry-lock', 'soon']],
    [2, ['create', '--name', 'a', '--name', 'b']],
    [2, ['verify', 'latest', '--all']],
    [2, ['verify', 'latest', 'another']],
    [2, ['restore', '--overwrite', 'always']],
    [1, ['restore', '--to', 'config/config.json', '--yes']],
    [2, ['cleanup', '--keep-days', 'many']],
    [2, ['schedule', '--once', 'weekly-one']],
    [2, ['schedule', '--list', '--once', 'nightly']],
    [2, ['schedule', '--time', '03:00']],
    [2, ['config', '--set-option', 'retension=1']],
    [2, ['config', '--set-option', 'retention=-1']],
    [2, ['config', '--set-option', 'storage.compression=rar']],
    [2, ['config', '--set-option', 'nothing']],
  ])('the mistake that ends with %d in %j is told in Japanese', async (code, args) => {
    const ended = await runResidentTool(args.concat('--root', project.root), {
      cwd: project.root,
      env: { BACKUP_LANG: 'ja' },
    });
    expect(ended.code).toBe(code);
    expectJapanese(ended);
  });

  test('keys, and the page to print, are in Japanese', async () => {
    const key = ['--encryption-key', project.beside('ja.key')];
    const kit = project.beside('kit');
    const acts: [number, string[]][] = [
      [0, ['generate', project.beside('ja.key')]],
      [0, ['generate', '--rsa', project.beside('ja')]],
      [2, ['generate', project.beside('ja.key')]],
      [2, ['generate', project.path('state/ja.key')]],
      [2, ['generate', project.path('backups/ja.key')]],
      [2, ['check', '--rewrap']],
      [0, ['check', ...key]],
      [0, ['recovery-kit', '--output', kit, ...key]],
      [2, ['recovery-kit', '--output', kit, ...key]],
      [2, ['rotate', '--rewrap', ...key]],
      [0, ['rotate', ...key]],
      [12, ['rotate']],
      [2, ['rotate', '--encryption-key', project.beside('ja.private.pem')]],
    ];
    for (const [code, args] of acts) {
      const ended = await inJapanese('keys', ...args);
      expect([...args, ended.code]).toEqual([...args, code]);
      expectJapanese(ended);
    }
    const page = readFileSync(`${kit}/ai-backup-recovery-kit.txt`, 'utf8').replace(/^```sh\n.*?^```$/gms, '');
    expect(page).toMatch(japanese);
    expect(englishIn(page)).toEqual([]);
    project.settings({ schedule: { nightly: '0 2 * * *' }, timezone: 'Asia/Tokyo' });
  });

  test('damage is told in Japanese', async () => {
    const copy = new TestProject();
    try {
      copy.write('config/app.json', '{}');
      copy.write('state/queue.json', '[]');
      const { archive = '', directory } = await copy.done<Created>('create');
      const say = async (...args: string[]): Promise<Ended> => {
        const ended = await copy.toolWith({ env: { BACKUP_LANG: 'ja' } }, ...args);
        expect(ended.code).toBe(4);
        const said = (ended.stdout + ended.stderr).replaceAll(copy.folder, '');
        expect(said).toMatch(japanese);
        expect(englishIn(said)).toEqual([]);
        return ended;
      };
      writeFileSync(copy.beside('garbage.tar.gz'), 'garbage');
      await say('verify', copy.beside('garbage.tar.gz'));
      const bytes = readFileSync(archive);
      writeFileSync(archive, bytes.subarray(0, 200));
      await say('verify');
      await say('restore', '--yes', '--overwrite', 'always');
      await say('verify', archive);
      rmSync(archive);
      await say('verify');
      rmSync(`${directory}/manifest.jsonl.gz`);
      await say('verify');
      await say('restore', '--yes');
      writeFileSync(`${directory}/metadata.json`, '{}');
      await say('verify', '--all');
    } finally {
      copy.remove();
    }
  });
});

describe('which language, which project, which settings', () => {
  const isJapanese = (ended: Ended): boolean => japanese.test(ended.stdout);

  test('--lang comes before BACKUP_LANG, that before the locale, and English where there is nothing', async () => {
    const say = (env: Record<string, string>, ...args: string[]): Promise<Ended> =>
      project.toolWith({ env: { BACKUP_LANG: '', LC_ALL: '', LANG: '', ...env } }, 'verify', id, ...args);
    expect(isJapanese(await say({ LANG: 'ja_JP.UTF-8' }))).toBe(true);
    expect(isJapanese(await say({ LANG: 'en_US.UTF-8', LC_ALL: 'ja_JP.UTF-8' }))).toBe(true);
    expect(isJapanese(await say({ LANG: 'ja_JP.UTF-8', BACKUP_LANG: 'en' }))).toBe(false);
    expect(isJapanese(await say({ BACKUP_LANG: 'en' }, '--lang', 'ja'))).toBe(true);
    expect(isJapanese(await say({ BACKUP_LANG: 'ja' }, '--lang=en'))).toBe(false);
    expect(isJapanese(await say({ LANG: 'de_DE.UTF-8' }))).toBe(false);
    expect(isJapanese(await say({}))).toBe(false);
  });

  test('JSON has the same words as keys and codes, its messages are of the language', async () => {
    const ended = await inJapanese('verify', 'nothing', '--json');
    const { error } = JSON.parse(ended.stderr) as { error: { code: string; message: string } };
    expect([error.code, japanese.test(error.message)]).toEqual(['BACKUP_NOT_FOUND', true]);
  });

  test('the root is --root, else BACKUP_ROOT, else the folder one is in', async () => {
    const idsOf = (ended: Ended): string[] => ended.json<{ backups: { id: string }[] }>().backups.map((one) => one.id);
    const env = { BACKUP_ROOT: project.root };
    expect(idsOf(await runResidentTool(['list', '--json'], { env }))).toContain(id);
    expect(idsOf(await runResidentTool(['list', '--json'], { cwd: project.root }))).toContain(id);
    expect(idsOf(await runResidentTool(['list', '--json', '--root', 'project'], { cwd: project.folder }))).toContain(
      id,
    );
    const other = new TestProject();
    try {
      expect(
        idsOf(await runResidentTool(['list', '--json', '--root', other.root], { cwd: project.root, env })),
      ).toEqual([]);
    } finally {
      other.remove();
    }
  });

  test('--config takes another file, relative to the folder one is in', async () => {
    writeFileSync(project.beside('other.json'), '{"backup": {"storage": {"path": "./elsewhere"}}}');
    const ended = await runResidentTool(['create', '--json', '--root', project.root, '--config', 'other.json'], {
      cwd: project.folder,
    });
    expect(ended.code).toBe(0);
    expect(ended.json<Created>().directory).toContain('/project/elsewhere/');
    chmodSync(project.beside('other.json'), 0o600);
  });
});
