import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync, gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  manifestMember,
  metadataMember,
  readEmbeddedManifest,
  readEmbeddedMetadata,
} from '../../lib/archive/embedded-manifest.ts';
import type { Metadata } from '../../lib/store/metadata.ts';
import { backupId, hasZstd, PayloadRoom, tarKinds, type PayloadKind } from '../support/payload-room.ts';

let room: PayloadRoom;
afterEach(() => room.remove());

async function packed(kind: PayloadKind, files = 5): Promise<void> {
  room = new PayloadRoom(kind);
  for (let at = 0; at < files; at += 1) await room.add(room.made(`state/${at}`, Buffer.from(`content of ${at}`)));
  await room.finish();
}

async function embedded(file: string, kind: PayloadKind): Promise<{ metadata: Metadata; endOffset: number }> {
  const found = await readEmbeddedMetadata(file, kind.compression);
  if (found === undefined) throw new Error('it is none of ours');
  return found;
}

async function manifestOf(file: string, kind: PayloadKind): Promise<Buffer> {
  const { metadata, endOffset } = await embedded(file, kind);
  const manifestOffset = metadata.archive?.manifestOffset ?? -1;
  const parts: Buffer[] = [];
  for await (const part of readEmbeddedManifest(file, { manifestOffset, endOffset, compression: kind.compression })) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

describe.each(tarKinds)('an archive alone ($name)', (kind) => {
  // A manifest of some lines, and one of many pieces.
  test.each([1, 5, 12_000])('holds its manifest and metadata, with %d files', async (files) => {
    await packed(kind, files);
    const { metadata } = await embedded(room.place, kind);
    expect(metadata.id).toBe(backupId);
    const manifest = await manifestOf(room.place, kind);
    expect(manifest.equals(gunzipSync(readFileSync(room.manifestFile)))).toBe(true);
    expect(`sha256:${createHash('sha256').update(manifest).digest('hex')}`).toBe(metadata.checksum);
  });

  test('shows them to tar as its last members, and tar finds no fault', async () => {
    await packed(kind);
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C.UTF-8' } } as const;
    const names = execFileSync('tar', ['tf', room.place], options).trim().split('\n');
    expect(names.slice(-2)).toEqual([manifestMember, metadataMember]);
    expect(names).toHaveLength(7);
    const manifest = execFileSync('tar', ['xOf', room.place, manifestMember]);
    expect(manifest.equals(gunzipSync(readFileSync(room.manifestFile)))).toBe(true);
    const text = execFileSync('tar', ['xOf', room.place, metadataMember], options);
    expect(JSON.parse(text)).toMatchObject({ id: backupId, archive: { compression: kind.compression } });
  });

  test('whose metadata is long is found, too', async () => {
    room = new PayloadRoom(kind);
    await room.add(room.file('state/a', 'a'));
    // Of noise, so that it stays long when it is compressed.
    room.host = randomBytes(150_000).toString('hex');
    await room.finish();
    expect((await embedded(room.place, kind)).metadata.host).toBe(room.host);
    expect((await manifestOf(room.place, kind)).length).toBeGreaterThan(100);
  });

  test('that is cut short anywhere near its end is none of ours, or damaged', async () => {
    await packed(kind);
    const size = statSync(room.place).size;
    const whole = gunzipSync(readFileSync(room.manifestFile));
    for (let cut = size - 1; cut > Math.max(0, size - 3_000); cut -= 37) {
      truncateSync(room.place, cut);
      let manifest: Buffer | undefined;
      try {
        const found = await readEmbeddedMetadata(room.place, kind.compression);
        if (found !== undefined) manifest = await manifestOf(room.place, kind);
      } catch (error) {
        expect(error).toMatchObject({ code: 'MANIFEST_DAMAGED' });
      }
      if (manifest !== undefined) expect(manifest.equals(whole)).toBe(true);
    }
  });

  test('whose metadata names another place of the manifest is damaged', async () => {
    await packed(kind);
    const { endOffset } = await embedded(room.place, kind);
    const drain = async (manifestOffset: number): Promise<void> => {
      const place = { manifestOffset, endOffset, compression: kind.compression };
      for await (const _ of readEmbeddedManifest(room.place, place)) void _;
    };
    await expect(drain(0)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
    await expect(drain(3)).rejects.toMatchObject({ code: 'MANIFEST_DAMAGED' });
  });

  test('inside of somebody’s tar is that one’s member, not the tar’s own description', async () => {
    await packed(kind);
    const inside = join(room.folder, 'inside');
    copyFileSync(room.place, inside);
    const outers = {
      none: [],
      gzip: ['--gzip'],
      bzip2: ['--bzip2'],
      xz: ['--xz'],
      ...(hasZstd ? { zstd: ['--zstd'] } : {}),
    };
    for (const [compression, options] of Object.entries(outers)) {
      const outer = join(room.folder, `outer-${compression}`);
      execFileSync('tar', [...options, '-cf', outer, '-C', dirname(inside), basename(inside)]);
      expect(await readEmbeddedMetadata(outer, compression as PayloadKind['compression'])).toBeUndefined();
    }
  });

  test('that lies in an archive of ours does not hide what the outer one says', async () => {
    await packed(kind);
    const inner = readFileSync(room.place);
    const innerRoom = room;
    room = new PayloadRoom(kind);
    try {
      room.host = 'the outer one';
      await room.add(room.file('state/inner', inner));
      await room.finish();
      expect((await embedded(room.place, kind)).metadata.host).toBe('the outer one');
    } finally {
      innerRoom.remove();
    }
  });
});

describe('what somebody else made', () => {
  beforeEach(() => {
    room = new PayloadRoom({ name: 'tar.gz', layout: 'tar', compression: 'gzip' });
  });

  const foreign = (bytes: Buffer): string => {
    const file = join(room.folder, 'foreign');
    writeFileSync(file, bytes);
    return file;
  };

  test.each([
    ['an empty file', Buffer.alloc(0)],
    ['zeros', Buffer.alloc(10_240)],
    ['noise', randomBytes(100_000)],
    ['nothing but gzip’s first bytes', Buffer.alloc(3_000, Buffer.from([0x1f, 0x8b, 0x08]))],
    ['nothing but what begins a bzip2 stream', Buffer.alloc(30_000, Buffer.from('BZh91AY&SY'))],
    ['nothing but what begins an xz stream', Buffer.alloc(30_000, Buffer.from('fd377a585a00', 'hex'))],
    [
      'the name of our member',
      Buffer.concat([Buffer.alloc(512), Buffer.from(`${metadataMember}\0`), Buffer.alloc(999)]),
    ],
  ])('is not taken for ours: %s', async (_, bytes) => {
    const file = foreign(bytes);
    for (const compression of ['none', 'gzip', 'bzip2', 'xz'] as const) {
      expect(await readEmbeddedMetadata(file, compression)).toBeUndefined();
    }
  });

  test('is let go at its last member, however many there are before it', async () => {
    // The blocks of bgzip, as genome tools and some log shippers write them. To try every one of them up to the end would
    // unpack some 50 GB: this test would run into its time-out.
    const words = Array.from({ length: 64 }, () => randomBytes(4).toString('hex'));
    const text = Array.from(randomBytes(8_000), (byte) => words[byte % 64]).join(' ');
    const member = gzipSync(text);
    const file = foreign(Buffer.concat(Array.from({ length: Math.ceil((17 << 20) / member.length) }, () => member)));
    expect(await readEmbeddedMetadata(file, 'gzip')).toBeUndefined();
  });

  test('and has something after its end is not ours any more', async () => {
    await room.add(room.file('state/a', 'a'));
    await room.finish();
    appendFileSync(room.place, 'something');
    expect(await readEmbeddedMetadata(room.place, 'gzip')).toBeUndefined();
  });
});
