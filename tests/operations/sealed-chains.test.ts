/** On which backup an encrypted one builds: on one that the same key opens; with public keys alone, too. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { TestProject, type Restored, type Verified } from '../support/make-project.ts';
import { rsaPair } from '../support/rsa-keys.ts';
import type { Ended } from '../support/run-tool.ts';
import { snapshotTree, treeDifferences } from '../support/tree-snapshot.ts';

let project: TestProject;
let environment: Record<string, string>;
beforeEach(() => {
  project = new TestProject();
  environment = {};
  project.write('config/app.json', '{"name": "app"}\n');
  project.write('state/one.json', '1');
  for (const name of ['a', 'b']) {
    const { publicKey, privateKey } = rsaPair(2048, name);
    writeFileSync(project.beside(`${name}.public.pem`), publicKey);
    writeFileSync(project.beside(`${name}.private.pem`), privateKey, { mode: 0o600 });
  }
});
afterEach(() => project.remove());

const encryptTo = (...names: string[]): void =>
  project.settings({ storage: { encrypt: true, recipients: names.map((name) => `../${name}.public.pem`) } });
const encryptWith = (secret: string): void => {
  project.settings({ storage: { encrypt: true } });
  environment = { BACKUP_ENCRYPTION_KEY: secret };
};

const tool = (...args: string[]): Promise<Ended> => project.toolWith({ env: environment }, ...args);
async function done<T>(...args: string[]): Promise<T> {
  const ended = await tool(...args, '--json');
  if (ended.code !== 0) throw new Error(`${args.join(' ')} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return ended.json<T>();
}

let changes = 0;
/** A backup of a project that has changed since the one before. */
function create(...args: string[]): Promise<CreateResult> {
  changes += 1;
  project.write('state/two.json', `change ${changes}`);
  return done<CreateResult>('create', ...args);
}
const full = (...args: string[]): Promise<CreateResult> => create('--mode', 'full', ...args);
const incremental = (...args: string[]): Promise<CreateResult> => create('--mode', 'incremental', ...args);

/** Why a full backup was made; undefined for one that builds on another. */
const reasonFull = ({ mode, warnings = [] }: CreateResult): string | undefined =>
  mode === 'full' ? String(warnings.find(({ code }) => code === 'mode-full')?.params.reason) : undefined;

const readable = (): string => join(project.store, '.state', 'manifests');
const kept = (): string[] => readdirSync(readable()).sort();
const fileOf = ({ id }: CreateResult): string => `${id}.jsonl.gz`;
const privateKey = (): string[] => ['--encryption-key', project.beside('a.private.pem')];

async function expectWhole(made: CreateResult): Promise<void> {
  const verified = await done<Verified>('verify', made.id, '--check-content', ...privateKey());
  expect(verified).toMatchObject({ ok: true, problems: [] });
}

describe('a machine that has public keys only', () => {
  beforeEach(() => encryptTo('a'));

  test('makes full, incremental and differential backups that the private key opens, and opens none', async () => {
    const made = [await full(), await incremental(), await incremental(), await create('--mode', 'differential')];
    expect(made.map(({ mode }) => mode)).toEqual(['full', 'incremental', 'incremental', 'differential']);
    expect(made.map(({ base }) => base)).toEqual([undefined, made[0]?.id, made[1]?.id, made[0]?.id]);
    const last = made.at(-1);
    if (last === undefined) throw new Error('nothing was made');
    expect((await tool('verify', last.id, '--check-content')).code).toBe(12);
    for (const one of made.slice(2)) await expectWhole(one);
    const destination = project.beside('restored');
    await done('restore', last.id, '--to', destination, '--yes', ...privateKey());
    expect(
      treeDifferences(project.snapshot(), snapshotTree(destination)).filter((one) => !one.includes('config.json')),
    ).toEqual([]);
  });

  test('keeps of each manifest what is in the encrypted one, for its owner, and only the two that are built on', async () => {
    const first = await full();
    expect(kept()).toEqual([fileOf(first)]);
    const file = join(readable(), fileOf(first));
    const { checksum } = JSON.parse(readFileSync(join(first.directory, 'metadata.json'), 'utf8')) as {
      checksum: string;
    };
    expect(
      `sha256:${createHash('sha256')
        .update(gunzipSync(readFileSync(file)))
        .digest('hex')}`,
    ).toBe(checksum);
    expect(statSync(file).mode & 0o7777).toBe(0o600);
    expect(statSync(readable()).mode & 0o7777).toBe(0o700);
    const made = [await incremental(), await incremental()];
    expect(kept()).toEqual([fileOf(first), fileOf(made[1] ?? first)].sort());
    const next = await full();
    expect(kept()).toEqual([fileOf(next)]);
  });

  const harms: [string, (file: string) => void][] = [
    ['is gone', (file) => rmSync(file)],
    ['is cut short', (file) => writeFileSync(file, readFileSync(file).subarray(0, 40))],
    [
      'names another file',
      (file) =>
        writeFileSync(file, gzipSync(gunzipSync(readFileSync(file)).toString().replace('one.json', 'eno.json'))),
    ],
  ];
  test.each(harms)('makes a full backup where the copy of the manifest %s', async (_story, harm) => {
    const first = await full();
    harm(join(readable(), fileOf(first)));
    expect(reasonFull(await incremental())).toBe('other-key');
  });

  test('does so without a word where nobody asked for a mode', async () => {
    project.settings({ incremental: { enabled: true }, storage: { encrypt: true, recipients: ['../a.public.pem'] } });
    const first = await create();
    writeFileSync(join(readable(), fileOf(first)), 'something else');
    const next = await create();
    expect([next.mode, next.warnings?.map(({ code }) => code)]).toEqual([
      'full',
      first.warnings?.map(({ code }) => code),
    ]);
    expect((await create()).mode).toBe('incremental');
  });

  test.each(harms.slice(0, 2))('but with the private key none is needed: it %s', async (_story, harm) => {
    const first = await full();
    harm(join(readable(), fileOf(first)));
    const next = await incremental(...privateKey());
    expect(next.base).toBe(first.id);
    await expectWhole(next);
  });

  test('builds on the same backups as before when others were made on which none builds', async () => {
    const first = await full();
    const second = await incremental();
    // A safety backup, one of some of the targets, and one of what is new only.
    project.write('state/one.json', 'changed since');
    const restored = await done<Restored>('restore', second.id, '--yes', ...privateKey());
    expect(restored.safetyBackup).toBeDefined();
    expect((await incremental()).mode).toBe('incremental');
    await full('--targets', 'config');
    await create('--since', '2020-01-01');
    expect(kept()).toContain(fileOf(first));
    const next = await incremental();
    expect(reasonFull(next)).toBeUndefined();
    expect((await create('--mode', 'differential')).base).toBe(first.id);
    await expectWhole(next);
  });
});

describe('a backup is built on', () => {
  test('with the same secret, wherever that comes from, and not with another one', async () => {
    encryptWith('one');
    const first = await full();
    writeFileSync(project.beside('key'), 'one\n', { mode: 0o600 });
    environment = { BACKUP_ENCRYPTION_KEY_FILE: project.beside('key') };
    const second = await incremental();
    expect(second.base).toBe(first.id);
    environment = { BACKUP_ENCRYPTION_KEY: 'other' };
    expect(reasonFull(await incremental())).toBe('other-key');

    const named = await tool('create', '--base-backup', second.id, '--json');
    expect(named.stderr).toContain('it is not encrypted as the new backup is to be, with the same key');
  });

  test('where both are encrypted, or neither', async () => {
    const plain = await full();
    encryptWith('one');
    const sealed = await incremental();
    expect(reasonFull(sealed)).toBe('other-key');
    const onPlain = await tool('create', '--base-backup', plain.id, '--json');
    expect(onPlain.stderr).toContain('it is not encrypted as the new backup is to be, with the same key');
    const onSealed = await tool('create', '--no-encrypt', '--base-backup', sealed.id, '--json');
    expect(onSealed.stderr).toContain('it is encrypted, and the new backup is not to be');
    expect(reasonFull(await incremental('--no-encrypt'))).toBe('other-key');
  });

  test('with the same public keys, in whatever order, and not with more or fewer of them', async () => {
    encryptTo('a', 'b');
    const first = await full();
    encryptTo('b', 'a');
    const second = await incremental();
    expect(second.base).toBe(first.id);
    encryptTo('a', 'b');
    const again = await incremental();
    expect(again.base).toBe(second.id);
    await expectWhole(again);
    encryptTo('a');
    const third = await incremental();
    expect(reasonFull(third)).toBe('other-key');
    encryptTo('a', 'b');
    expect(reasonFull(await incremental())).toBe('other-key');
    encryptWith('one');
    expect(reasonFull(await incremental())).toBe('other-key');
    encryptTo('a');
    environment = {};
    expect(reasonFull(await incremental())).toBe('other-key');
  });
});

describe('the next run after a kill between', () => {
  test.each(['in the store', 'outside of it'])(
    'the name of the secret and that of the archive leaves neither: %s',
    async (where) => {
      encryptTo('a');
      const outside = project.beside('outside');
      mkdirSync(outside);
      const output = where === 'in the store' ? [] : ['--output', outside];
      const { id, directory, archive = '' } = await full(...output);
      const work = join(project.store, '.state', 'tmp', id);
      const temporary = where === 'in the store' ? join(work, 'archive') : join(outside, `.ai-backup-part-${id}`);
      mkdirSync(work);
      if (where !== 'in the store') writeFileSync(join(work, 'elsewhere'), temporary);
      renameSync(directory, join(work, 'folder'));
      renameSync(archive, temporary);

      const next = await full();
      const names = [next.id, basename(next.archive ?? ''), `${basename(next.archive ?? '')}.key`];
      expect(
        readdirSync(project.store)
          .filter((name) => name.startsWith('backup-'))
          .sort(),
      ).toEqual(names.sort());
      expect([readdirSync(join(project.store, '.state', 'tmp')), readdirSync(outside)]).toEqual([[], []]);
      await expectWhole(next);
    },
  );
});
