/** Somebody can write to the store and has no key: what he leaves there is refused, and nothing of it comes to the destination. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isBackupError } from '../../lib/core/errors.ts';
import { consolidateBackup } from '../../lib/operations/consolidate-backup.ts';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { verifyAudit } from '../../lib/operations/verify-audit-log.ts';
import { formatMetadata, type EncryptionSummary, type Metadata } from '../../lib/store/metadata.ts';
import { wrappedKeyOf } from '../../lib/store/sealed-names.ts';
import { EncryptedRoom, metadataOf } from '../support/encrypted-room.ts';
import { TestProject, type Created } from '../support/make-project.ts';
import { snapshotTree } from '../support/tree-snapshot.ts';

let room: EncryptedRoom;
let context: RunContext;
let comeBack: () => Promise<void>;
/** Two full backups of two states, and a chain on top of the second. */
let one: CreateResult;
let two: CreateResult;
let three: CreateResult;

beforeAll(async () => {
  room = new EncryptedRoom();
  context = await room.open(room.key('right.key', 'the right words\n'));
  room.write('state/a', 'the first state');
  room.write('agents/large.bin', randomBytes(2_600_000));
  one = await room.create(context, { mode: 'full' });
  room.write('state/a', 'the other state');
  room.write('agents/large.bin', randomBytes(2_600_000));
  two = await room.create(context, { mode: 'full' });
  room.write('state/b', 'the day after');
  three = await room.create(context, { mode: 'incremental' });
  comeBack = await room.keepStore();
});

afterEach(() => comeBack());
afterAll(() => room.remove());

const archiveOf = ({ archive = '' }: CreateResult): string => archive;
const manifestOf = ({ directory }: CreateResult): string => join(directory, 'manifest.jsonl.gz.enc');

/** Writes metadata.json as this toolkit writes it, changed. */
function forge({ directory }: CreateResult, change: (metadata: Metadata) => object): void {
  const metadata = metadataOf(directory);
  writeFileSync(join(directory, 'metadata.json'), formatMetadata({ ...metadata, ...change(metadata) }));
}

/** The same of what it says of its encryption. */
const forgeEncryption = (made: CreateResult, change: object): void =>
  forge(made, ({ archive }) => ({
    archive: { ...archive, encryption: { ...archive?.encryption, ...change } as EncryptionSummary },
  }));

/** Neither restore nor verify takes it, with the key. */
async function expectRefused(name: string, codes: RegExp, run = context): Promise<void> {
  const restored = await room.restore(run, name);
  expect(restored).toEqual({ code: expect.stringMatching(codes), exitCode: expect.any(Number), wrote: [] });
  expect([4, 12]).toContain('exitCode' in restored ? restored.exitCode : 0);
  expect(await room.verdict(run, name)).not.toBe('whole');
}

test('what nobody touched is restored', async () => {
  const restored = await room.restore(context, three.id);
  if (!('folder' in restored)) throw new Error(restored.code);
  expect(readFileSync(join(restored.folder, 'state/a'), 'utf8')).toBe('the other state');
  expect(await room.verdict(context, three.id, 'content')).toBe('whole');
});

describe('another backup in its place', () => {
  /** All parts of the first backup, called like the second. */
  function exchange(): void {
    copyFileSync(archiveOf(one), archiveOf(two));
    rmSync(two.directory, { recursive: true });
    cpSync(one.directory, two.directory, { recursive: true });
  }

  test('its folder renamed', async () => {
    exchange();
    await expectRefused(two.id, /^MANIFEST_DAMAGED$/);
    await expectRefused(two.directory, /^NOT_AUTHENTIC$/);
  });

  test('its folder renamed, and what it says of itself', async () => {
    exchange();
    forge(two, ({ archive }) => ({
      id: two.id,
      chain: [two.id],
      archive: { ...archive, file: basename(archiveOf(two)) },
    }));
    await expectRefused(two.id, /^NOT_AUTHENTIC$/);
    await expectRefused(two.directory, /^NOT_AUTHENTIC$/);
  });

  test('its archive alone, renamed, where the folder is gone', async () => {
    exchange();
    rmSync(two.directory, { recursive: true });
    await expectRefused(two.id, /^(NOT_AUTHENTIC|BACKUP_NOT_FOUND)$/);
    await expectRefused(archiveOf(two), /^NOT_AUTHENTIC$/);
  });

  test('a part of it: the archive, the manifest, both, the metadata', async () => {
    copyFileSync(archiveOf(one), archiveOf(two));
    await expectRefused(two.id, /^ARCHIVE_DAMAGED$/);
    copyFileSync(manifestOf(one), manifestOf(two));
    await expectRefused(two.id, /^(ARCHIVE|MANIFEST)_DAMAGED$/);
    await comeBack();
    copyFileSync(manifestOf(one), manifestOf(two));
    await expectRefused(two.id, /^MANIFEST_DAMAGED$/);
    await comeBack();
    const { archive, manifest, checksum } = metadataOf(one.directory);
    forge(two, () => ({ archive, manifest, checksum }));
    await expectRefused(two.id, /^NOT_AUTHENTIC$/);
    await comeBack();
    forge(two, () => ({ ...metadataOf(one.directory), id: two.id }));
    await expectRefused(two.id, /^(NOT_AUTHENTIC|ARCHIVE_DAMAGED)$/);
  });

  test('beneath it: the archive that it builds on', async () => {
    copyFileSync(archiveOf(one), archiveOf(two));
    await expectRefused(three.id, /^ARCHIVE_DAMAGED$/);
    await comeBack();
    // As long as what was there.
    const bytes = readFileSync(archiveOf(two));
    randomBytes(1000).copy(bytes, 1_000_000);
    writeFileSync(archiveOf(two), bytes);
    await expectRefused(three.id, /^ARCHIVE_DAMAGED$/);
    await comeBack();
    forge(two, ({ archive }) => ({ archive: { ...archive, file: basename(archiveOf(one)) } }));
    renameSync(archiveOf(two), room.beside('away'));
    await expectRefused(three.id, /^ARCHIVE_DAMAGED$/);
  });
});

describe('its bytes', () => {
  test('cut short, or longer', async () => {
    const { length } = readFileSync(archiveOf(two));
    for (const size of [0, 16, 1_500_000, length - 1, length + 1]) {
      truncateSync(archiveOf(two), size);
      await expectRefused(two.id, /^ARCHIVE_DAMAGED$/);
      const alone = await room.restore(context, archiveOf(two));
      expect(alone).toMatchObject({ wrote: [] });
    }
    await comeBack();
    truncateSync(manifestOf(two), 200);
    await expectRefused(two.id, /^MANIFEST_DAMAGED$/);
  });

  test('in another order', async () => {
    const bytes = readFileSync(archiveOf(two));
    const [from, to, size] = [200_000, 1_400_000, 400_000];
    const kept = Buffer.from(bytes.subarray(from, from + size));
    bytes.copy(bytes, from, to, to + size);
    kept.copy(bytes, to);
    writeFileSync(archiveOf(two), bytes);
    await expectRefused(two.id, /^ARCHIVE_DAMAGED$/);
    const alone = room.beside('another-order.tar.gz.enc');
    renameSync(archiveOf(two), alone);
    await expectRefused(alone, /^ARCHIVE_DAMAGED$/);
  });

  test('of two archives, in one', async () => {
    const [first, second] = [readFileSync(archiveOf(one)), readFileSync(archiveOf(two))];
    const { manifestOffset = 0 } = metadataOf(two.directory).archive ?? {};
    const half = manifestOffset >> 1;
    const mixed = [
      // The head names the salt.
      [first.subarray(0, 16), second.subarray(16)],
      [second.subarray(0, half), first.subarray(half)],
      [first.subarray(0, half), second.subarray(half)],
      [second.subarray(0, manifestOffset), first.subarray(manifestOffset)],
      [second.subarray(0, 16), first.subarray(16, manifestOffset), second.subarray(manifestOffset)],
    ];
    for (const [at, parts] of mixed.entries()) {
      const alone = room.beside(`mixed-${at}.tar.gz.enc`);
      writeFileSync(alone, Buffer.concat(parts));
      await expectRefused(alone, /^(ARCHIVE_DAMAGED|ARCHIVE_UNKNOWN|KEY_WRONG|MANIFEST_DAMAGED|NOT_AUTHENTIC)$/);
    }
  });

  test('flipped where he knows what they mean: a lone archive that is not compressed', async () => {
    const { settings } = context;
    const plain = {
      ...context,
      settings: { ...settings, storage: { ...settings.storage, compression: 'none' as const } },
    };
    const made = await room.create(plain, { mode: 'full' });
    const key = room.beside('right.key');
    const words = ['enc', '-d', '-aes-256-ctr', '-pbkdf2', '-iter', '600000', '-md', 'sha256', '-pass', `file:${key}`];
    // He knows nothing of this, but where a word stands he may guess.
    const opened = execFileSync('openssl', [...words, '-in', archiveOf(made)], { maxBuffer: 1 << 30 });
    const guesses = [
      ['the other state', 'the OTHER state'],
      ['"files": ', '"FILES": '],
      [`"host": "`, `"host": '`],
      ['"origin":"state/a"', '"origin":"state/z"'],
      ['.backup/metadata.json', '.backup/METADATA.json'],
      ['.backup/manifest.jsonl', '.backup/MANIFEST.jsonl'],
    ] as const;
    for (const [before, after] of guesses) {
      const bytes = readFileSync(archiveOf(made));
      const at = opened.lastIndexOf(before);
      expect(at).toBeGreaterThan(0);
      for (let byte = 0; byte < before.length; byte += 1) {
        const place = 16 + at + byte;
        bytes[place] = (bytes[place] ?? 0) ^ before.charCodeAt(byte) ^ after.charCodeAt(byte);
      }
      const alone = room.beside('flipped.tar.enc');
      writeFileSync(alone, bytes);
      await expectRefused(alone, /^(ARCHIVE_DAMAGED|ARCHIVE_UNKNOWN|MANIFEST_DAMAGED|NOT_AUTHENTIC)$/);
    }
  });
});

describe('its metadata', () => {
  test.each<[string, object, RegExp]>([
    ['fewer rounds', { iterations: 1000 }, /^MANIFEST_DAMAGED$/],
    ['more rounds', { iterations: 600_001 }, /^MANIFEST_DAMAGED$/],
    ['another derivation', { kdf: 'md5' }, /^MANIFEST_DAMAGED$/],
    ['another algorithm', { algorithm: 'none' }, /^MANIFEST_DAMAGED$/],
    ['another key check', { keyCheck: '0123456789abcdef' }, /^KEY_WRONG$/],
    ['another salt of keys', { macSalt: '0123456789abcdef' }, /^KEY_WRONG$/],
    ['another salt', { salt: '0123456789abcdef' }, /^NOT_AUTHENTIC$/],
    ['another form of the key', { keyForm: 'hex' }, /^NOT_AUTHENTIC$/],
    ['recipients', { recipients: [{ fingerprint: `sha256:${'0'.repeat(64)}` }] }, /^KEY_WRONG$/],
  ])('says %s', async (_, change, codes) => {
    forgeEncryption(two, change);
    await expectRefused(two.id, codes);
  });

  test.each<[string, (metadata: Metadata) => object]>([
    ['a name', () => ({ name: 'nightly' })],
    ['a field of a later version', () => ({ later: true })],
    ['a shorter chain', ({ id }) => ({ chain: [id] })],
    ['another folder of the archive', () => ({ archive: { ...metadataOf(three.directory).archive, folder: '/tmp' } })],
    ['no MAC', () => ({ mac: undefined })],
    ['the MAC of another', () => ({ mac: metadataOf(one.directory).mac })],
  ])('says %s', async (_, change) => {
    forge(three, change);
    await expectRefused(three.id, /^(NOT_AUTHENTIC|ARCHIVE_DAMAGED)$/);
  });

  test('is not believed by what shows and compares files', async () => {
    forge(three, () => ({ name: 'nightly' }));
    const key = ['--encryption-key', room.beside('right.key')];
    expect((await room.tool('show', three.id, '--files', ...key)).code).toBe(4);
    expect((await room.tool('diff', two.id, three.id, ...key)).code).toBe(4);
    expect((await room.tool('diff', three.id, ...key)).code).toBe(4);
    expect(await consolidate(three.id)).toBe('NOT_AUTHENTIC');
  });

  test('says that it was verified: that is not covered, and changes nothing that is restored', async () => {
    forge(two, () => ({ verifiedAt: '2030-01-01T00:00:00.000Z' }));
    expect(await room.restore(context, two.id)).toHaveProperty('folder');
  });
});

describe('a backup of his own', () => {
  let his: TestProject;
  beforeEach(() => {
    his = new TestProject();
    his.write('state/a', 'his state');
    his.write('state/b', 'his state');
  });
  afterEach(() => his.remove());

  /** Under the ID of one that is there, as far as its own files say so. */
  function plant(made: Created): void {
    const archive = `${two.id}.tar.gz${made.archive?.endsWith('.enc') === true ? '.enc' : ''}`;
    rmSync(archiveOf(two));
    rmSync(two.directory, { recursive: true });
    cpSync(made.directory, two.directory, { recursive: true });
    copyFileSync(made.archive ?? '', join(room.store, archive));
    const metadata = metadataOf(two.directory);
    const named = { ...metadata, id: two.id, chain: [two.id], archive: { ...metadata.archive, file: archive } };
    writeFileSync(join(two.directory, 'metadata.json'), formatMetadata(named as Metadata));
  }

  test('encrypted with another key', async () => {
    const key = room.key('his.key', 'his own words\n');
    plant(await his.done<Created>('create', '--encrypt', '--encryption-key', key));
    await expectRefused(two.id, /^KEY_WRONG$/);
    await expectRefused(join(room.store, `${two.id}.tar.gz.enc`), /^KEY_WRONG$/);
  });

  test('not encrypted at all: refused where the settings ask for encryption, but by force', async () => {
    plant(await his.done<Created>('create'));
    const refused = { code: 'NOT_ENCRYPTED', exitCode: 4, wrote: [] };
    expect(await room.restore(context, two.id)).toEqual(refused);
    expect(await room.restore(context, join(room.store, `${two.id}.tar.gz`))).toEqual(refused);
    rmSync(two.directory, { recursive: true });
    expect(await room.restore(context, two.id)).toEqual(refused);
    const told = await room.tool('restore', two.id, '--to', room.beside('told'), '--dry-run', '--json');
    expect([told.code, JSON.parse(told.stderr)]).toMatchObject([4, { error: { code: 'NOT_ENCRYPTED' } }]);
    const { warnings } = await room.verify(context, two.id);
    expect(warnings.map((warning) => warning.code)).toContain('not-encrypted');
    const forced = await room.restore(context, two.id, { force: true });
    if (!('folder' in forced)) throw new Error(forced.code);
    expect(readFileSync(join(forced.folder, 'state/a'), 'utf8')).toBe('his state');
  });

  test('not encrypted: no encrypted backup is made of it, or builds on it', async () => {
    const base = await his.done<Created>('create');
    his.write('state/b', 'his next state');
    const next = await his.done<Created>('create', '--mode', 'incremental');
    rmSync(room.store, { recursive: true });
    cpSync(his.store, room.store, { recursive: true });
    await expect(consolidate(next.id)).resolves.toBe('NOT_ENCRYPTED');
    const made = await room.create(context, { mode: 'incremental' });
    expect(metadataOf(made.directory)).toMatchObject({ mode: 'full', chain: [made.id] });
    expect(base.id).not.toBe(next.id);
  });

  test('a plain archive in the store, of any tool; outside of it, it is what a person asks for', async () => {
    const inside = join(room.store, 'saved.tar.gz');
    execFileSync('tar', ['czf', inside, 'state'], { cwd: his.root });
    expect(await room.restore(context, inside)).toEqual({ code: 'NOT_ENCRYPTED', exitCode: 4, wrote: [] });
    expect(await room.restore(context, 'saved')).toEqual({ code: 'NOT_ENCRYPTED', exitCode: 4, wrote: [] });
    const outside = room.beside('saved.tar.gz');
    copyFileSync(inside, outside);
    const ended = await room.tool('restore', outside, '--to', room.beside('asked for'), '--yes', '--json');
    expect(ended.code).toBe(0);
    expect(ended.json<{ warnings: { code: string }[] }>().warnings.map(({ code }) => code)).toContain('not-encrypted');
  });
});

test('a base that was changed is not built on: who asks is told, and a run by itself makes a full backup', async () => {
  forge(three, () => ({ name: 'nightly' }));
  const key = ['--encryption-key', room.beside('right.key')];
  expect((await room.tool('create', '--mode', 'incremental', ...key)).code).toBe(4);
  room.encryptedSettings({}, { incremental: { enabled: true } });
  const ended = await room.tool('create', ...key, '--json');
  room.encryptedSettings();
  expect(ended.code).toBe(0);
  const made = ended.json<Created>();
  expect(metadataOf(made.directory).mode).toBe('full');
  expect(made.warnings.map(({ code }) => code)).toContain('base-unusable');
});

test('a manifest of his own, readable as those for public keys are, is not built on', async () => {
  const pieces: Buffer[] = [];
  const base = await openBackup(context, three.id, room.root);
  if (base.kind === 'foreign') throw new Error('it is ours');
  for await (const piece of base.readManifestBytes()) pieces.push(piece);
  const own = Buffer.from(
    Buffer.concat(pieces)
      .toString('latin1')
      .replace(/"sha256":"\w{8}/, '"sha256":"00000000'),
    'latin1',
  );
  const checksum = `sha256:${createHash('sha256').update(own).digest('hex')}`;
  mkdirSync(join(room.store, '.state/manifests'), { recursive: true });
  writeFileSync(join(room.store, '.state/manifests', `${three.id}.jsonl.gz`), gzipSync(own));
  const create = (): Promise<{ mode: string }> => room.create(context, { mode: 'incremental' });

  forge(three, () => ({ checksum }));
  await expect(create()).rejects.toMatchObject({ code: 'NOT_AUTHENTIC' });
  // Nor where he says that it was encrypted to public keys, of which there are none.
  forge(three, (metadata) => ({ ...metadata, archive: { ...metadata.archive, encryption: forNobody(metadata) } }));
  expect((await create()).mode).toBe('full');
});

const forNobody = ({ archive }: Metadata): object => ({ ...archive?.encryption, recipients: [] });

describe('for public keys', () => {
  test('wrapped secrets of two backups exchanged', async () => {
    const { publicFile, privateFile } = room.pair('recipient', 2048);
    const reading = await room.open(privateFile);
    const writing = { ...reading, keys: reading.keys.withRecipients([publicFile]) };
    const [first, second] = [
      await room.create(writing, { mode: 'full' }),
      await room.create(writing, { mode: 'full' }),
    ];
    expect(await room.verdict(reading, second.id)).toBe('whole');
    for (const made of [second]) {
      copyFileSync(join(first.directory, 'wrapped.key'), join(made.directory, 'wrapped.key'));
      copyFileSync(wrappedKeyOf(archiveOf(first)), wrappedKeyOf(archiveOf(made)));
    }
    await expectRefused(second.id, /^KEY_WRONG$/, reading);
    await expectRefused(archiveOf(second), /^KEY_WRONG$/, reading);
  });
});

describe('an older copy of the whole store', () => {
  test('is found by audit verify, where the audit log is not of it', async () => {
    const kept = await room.keepStore();
    const { id } = await room.create(context, { mode: 'full' });
    const log = readFileSync(join(room.store, 'audit.log'));
    const head = readFileSync(join(room.store, '.state/audit-head.json'));
    await kept();
    writeFileSync(join(room.store, 'audit.log'), log);
    writeFileSync(join(room.store, '.state/audit-head.json'), head);
    const { ok, problems } = await verifyAudit(context);
    expect([ok, problems.map(({ code, path }) => [code, path])]).toEqual([false, [['audit-backup-gone', id]]]);
  });
});

async function consolidate(id: string): Promise<string> {
  try {
    const source = await openBackup(context, id, room.root);
    if (source.kind === 'foreign') return 'foreign';
    await consolidateBackup(context, source);
    return 'done';
  } catch (error) {
    if (isBackupError(error)) return error.code;
    throw error;
  }
}

test('the project itself is as it was', () => {
  mkdirSync(room.beside('empty'));
  expect([...snapshotTree(room.root, ['backups']).keys()].filter((path) => path.startsWith('.'))).toEqual([]);
});
