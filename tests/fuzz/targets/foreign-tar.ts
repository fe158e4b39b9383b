import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { extractForeignTar } from '../../../lib/archive/foreign-extract.ts';
import { gnuLong, hostileTar, paxHeader, tarChecksum, tarPart, type TarPart } from '../../fixtures/hostile-archives.ts';
import { extremeNumber, extremeText } from '../extremes.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes, withBytes } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';

const blockBytes = 512;

/** Tars that others made: headers, pax, GNU's long names, numbers in base 256, links of all kinds. */
export const foreignTarTarget: FuzzTarget = {
  name: 'foreign-tar',
  share: 20,
  make(random) {
    const parts = Array.from({ length: 1 + random.below(8) }, () => partsOf(random)).flat();
    let bytes = hostileTar(...parts);
    if (random.chance(0.4)) bytes = random.chance(0.7) ? mutateHeader(random, bytes) : mutateBytes(random, bytes);
    if (random.chance(0.3)) bytes = gzipSync(bytes);
    if (random.chance(0.1)) bytes = mutateBytes(random, bytes);
    return { files: { archive: bytes }, options: {} };
  },
  async run(_case, room) {
    await extractForeignTar({ file: join(room.case, 'archive'), into: room.destination });
  },
};

const names = [
  'a',
  'a/b',
  'a/b/c',
  'A',
  'A/b',
  'door',
  'door/x',
  'caf\u00e9',
  'cafe\u0301',
  './a',
  'a/',
  'a//b',
  'x.db',
  'x.db-wal',
];

function partsOf(random: Random): (TarPart | Buffer)[] {
  const nameOf = (): string => (random.chance(0.94) ? random.pick(names) : extremeText(random));
  const part: TarPart = {
    name: nameOf().slice(0, 100),
    type: random.pick(['0', '0', '0', '1', '2', '3', '4', '5', '5', '6', '7', 'V', 'S', 'M', 'D', 'Z', '\0']),
    mode: random.pick([0o644, 0o755, 0o4755, 0o7777, 0]),
  };
  if ('0\x007'.includes(part.type ?? '')) part.content = random.bytes(random.pick([0, 5, 511, 512, 513, 3000]));
  if ('12'.includes(part.type ?? '')) part.link = nameOf().slice(0, 100);
  const value = (): string => (random.chance(0.5) ? nameOf() : String(extremeNumber(random)));
  const before: Buffer[] = [];
  if (random.chance(0.25)) {
    const key = random.pick([
      'path',
      'linkpath',
      'size',
      'mtime',
      'uid',
      'SCHILY.xattr.user.x',
      'GNU.sparse.major',
      'hdrcharset',
    ]);
    before.push(paxHeader({ [key]: value() }, random.chance(0.8) ? 'x' : 'g'));
  }
  if (random.chance(0.15)) before.push(gnuLong(random.pick(['L', 'K']), nameOf()));
  if (random.chance(0.05)) before.push(tarPart({ type: 'x', content: random.bytes(40) }));
  return [...before, part];
}

/** One field of one header, with its checksum right. */
function mutateHeader(random: Random, bytes: Buffer): Buffer {
  const at = random.below(Math.floor(bytes.length / blockBytes)) * blockBytes;
  const fields = [
    [0, 100],
    [100, 8],
    [108, 8],
    [124, 12],
    [136, 12],
    [156, 1],
    [157, 100],
    [257, 8],
    [345, 155],
  ] as const;
  const [from, length] = random.pick(fields);
  const value = random.pick([
    () => Buffer.concat([Buffer.from([0x80]), random.bytes(length)]),
    () => Buffer.alloc(length, 0xff),
    () => Buffer.from(`${random.pick(['-1', '77777777777', '99999999999', '1e5', ' 12 ', '0x10'])}\0`),
    () => Buffer.from(extremeText(random)),
    () => random.bytes(length),
    () =>
      Buffer.concat([Buffer.from([0x80, 0, 0, 0]), Buffer.alloc(length - 4 > 0 ? length - 4 : 0, random.below(256))]),
  ])();
  const changed = withBytes(bytes, at + from, value.subarray(0, length));
  return withBytes(changed, at + 148, Buffer.from(tarChecksum(changed.subarray(at, at + blockBytes))));
}
