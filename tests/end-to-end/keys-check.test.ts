import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeKeyPair } from '../support/make-key-pair.ts';
import { TestProject, type Created } from '../support/make-project.ts';

interface Checked {
  encrypts: boolean;
  key?: string;
  newest?: string;
  ok: boolean;
  backups: { id: string; encrypted: boolean; opens: boolean; key?: string; code?: string; reason?: string }[];
  problem?: { code: string };
  warnings: { code: string; path?: string }[];
}

let project: TestProject;
let key: string;

beforeEach(async () => {
  project = new TestProject();
  project.write('state/queue.json', '[1, 2, 3]\n');
  key = project.beside('my.key');
  await project.done('keys', 'generate', key);
});

afterEach(() => project.remove());

async function check(code: number, ...args: string[]): Promise<Checked> {
  const ended = await project.tool('keys', 'check', '--json', ...args);
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code, stderr: '' });
  return ended.json<Checked>();
}

const encrypted = (...args: string[]): Promise<Created> =>
  project.done<Created>('create', '--encrypt', '--encryption-key', key, ...args);

describe('keys check', () => {
  test('a store of plain backups needs no key, unless the next one is to be encrypted', async () => {
    const { id } = await project.done<Created>('create');
    const plain = await check(0);
    expect(plain).toMatchObject({ encrypts: false, ok: true, backups: [{ id, encrypted: false, opens: true }] });
    expect(plain).not.toHaveProperty('newest');
    project.settings({ storage: { encrypt: true } });
    expect(await check(12)).toMatchObject({ ok: false, problem: { code: 'KEY_MISSING' } });
    expect(await check(0, '--encryption-key', key)).toMatchObject({ ok: true, key: `--encryption-key (${key})` });
  });

  test('names the key that opens each backup, and what opens none', async () => {
    const plain = await project.done<Created>('create');
    const first = await encrypted();
    const other = project.beside('other.key');
    await project.done('keys', 'generate', other);
    const second = await project.done<Created>('create', '--encrypt', '--encryption-key', other);
    expect(await check(12, '--encryption-key', other)).toMatchObject({
      newest: second.id,
      ok: false,
      backups: [
        { id: second.id, encrypted: true, opens: true, key: `--encryption-key (${other})` },
        { id: first.id, encrypted: true, opens: false, code: 'KEY_WRONG' },
        { id: plain.id, encrypted: false, opens: true },
      ],
    });
    project.settings({ storage: { oldKeyFiles: [key] } });
    const both = await check(0, '--encryption-key', other);
    expect(both.backups.map((one) => one.key)).toEqual([
      `--encryption-key (${other})`,
      `storage.oldKeyFiles (${key})`,
      undefined,
    ]);
    const said = await project.tool('keys', 'check', '--encryption-key', other);
    expect(said.stdout).toContain(first.id);
    for (const file of [key, other]) expect(said.stdout + said.stderr).not.toContain(readFileSync(file, 'utf8').trim());
  });

  test('really opens: a backup whose metadata or manifest were changed does not, and that is no matter of keys', async () => {
    const { id, directory } = await encrypted();
    const metadata = readFileSync(join(directory, 'metadata.json'), 'utf8');
    writeFileSync(join(directory, 'metadata.json'), metadata.replace(/"host": "[^"]*"/, '"host": "elsewhere"'));
    expect(await check(4, '--encryption-key', key)).toMatchObject({
      backups: [{ id, opens: false, code: 'NOT_AUTHENTIC' }],
    });
    writeFileSync(join(directory, 'metadata.json'), metadata);
    const manifest = readFileSync(join(directory, 'manifest.jsonl.gz.enc'));
    manifest[40]! ^= 1;
    writeFileSync(join(directory, 'manifest.jsonl.gz.enc'), manifest);
    expect(await check(4, '--encryption-key', key)).toMatchObject({ backups: [{ id, opens: false }] });
    rmSync(join(directory, 'manifest.jsonl.gz.enc'));
    expect(await check(4, '--encryption-key', key)).toMatchObject({ backups: [{ id, opens: false }] });
  });

  test('an archive without its folder is tried too', async () => {
    const { directory } = await encrypted();
    renameSync(directory, project.beside('away'));
    expect((await check(0, '--encryption-key', key)).backups).toEqual([
      expect.objectContaining({ encrypted: true, opens: true, key: `--encryption-key (${key})` }),
    ]);
    expect((await check(12)).backups).toEqual([expect.objectContaining({ encrypted: true, opens: false })]);
  });

  test('tells of a key file that others can read, and of one that is lost', async () => {
    await encrypted();
    chmodSync(key, 0o644);
    const warned = await check(0, '--encryption-key', key);
    expect(warned.warnings).toEqual([expect.objectContaining({ code: 'key-exposed', path: key })]);
    chmodSync(key, 0o600);
    project.settings({ storage: { oldKeyFiles: [project.beside('lost.key')] } });
    const lost = await check(0, '--encryption-key', key);
    expect(lost).toMatchObject({ ok: true, problem: { code: 'KEY_UNREADABLE' } });
  });

  test('recipients: the private key opens, the public one does not, and a lost wrapped.key is named', async () => {
    makeKeyPair(project.beside('pair'));
    project.settings({ storage: { encrypt: true, recipients: [project.beside('pair.public.pem')] } });
    const { id, directory, archive = '' } = await project.done<Created>('create');
    const privateKey = project.beside('pair.private.pem');
    expect(await check(12)).toMatchObject({ backups: [{ id, opens: false, code: 'KEY_MISSING' }] });
    expect(await check(12, '--encryption-key', project.beside('pair.public.pem'))).toMatchObject({ ok: false });
    expect(await check(0, '--encryption-key', privateKey)).toMatchObject({
      backups: [{ id, opens: true, key: `--encryption-key (${privateKey})` }],
    });
    rmSync(`${archive}.key`);
    expect(await check(0, '--encryption-key', privateKey)).toMatchObject({ ok: true });
    rmSync(join(directory, 'wrapped.key'));
    expect(await check(12, '--encryption-key', privateKey)).toMatchObject({
      backups: [{ id, opens: false, code: 'WRAPPED_KEY_MISSING' }],
    });
  });
});
