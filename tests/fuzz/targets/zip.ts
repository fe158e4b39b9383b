import { join } from 'node:path';
import { extractZip, inspectZip, walkZip } from '../../../lib/archive/zip-reader.ts';
import { hostileZip, unicodePathField, type ZipPart } from '../../fixtures/hostile-archives.ts';
import { extremeText } from '../extremes.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes, withBytes } from '../mutate-bytes.ts';
import type { Random } from '../random.ts';

/** Zips: directory records, local headers, the end, extra fields, contents that are not what they say. */
export const zipTarget: FuzzTarget = {
  name: 'zip',
  share: 15,
  make(random, { stores }) {
    const own = stores.find((one) => one.name === 'zip');
    const ownArchive = Object.entries(own?.files ?? {}).find(([path]) => path.endsWith('.zip'))?.[1];
    const parts = Array.from({ length: 1 + random.below(6) }, (_, index) => partOf(random, index));
    let bytes = ownArchive !== undefined && random.chance(0.2) ? ownArchive : hostileZip(...parts);
    if (random.chance(0.4)) bytes = random.chance(0.7) ? mutateRecord(random, bytes) : mutateBytes(random, bytes);
    return { files: { 'archive.zip': bytes }, options: { way: random.below(3) } };
  },
  async run({ options }, room) {
    const file = join(room.case, 'archive.zip');
    if (options.way === 0) for await (const _ of inspectZip(file));
    else if (options.way === 1) {
      await walkZip({ file }, async (_entry, content) => {
        for await (const _ of content);
      });
    } else await extractZip(file, room.destination, { outsideLinks: 'refuse' });
  },
};

const names = [
  'a.txt',
  'a/',
  'a/b.txt',
  'A.TXT',
  'door',
  'door/x',
  'caf\u00e9',
  'cafe\u0301',
  './a.txt',
  '__MACOSX/x',
  'a%2e.txt',
];

function partOf(random: Random, index: number): ZipPart {
  const name = random.chance(0.94) ? random.pick(names) : extremeText(random);
  const part: ZipPart = {
    name,
    content: random.chance(0.2) ? Buffer.alloc(300_000) : random.bytes(random.below(200)),
    deflate: random.chance(0.5),
    mode: random.pick([0o100644, 0o100644, 0o100755, 0o120777, 0o040755, 0o020666, 0o010644, 0o106755, 0]),
  };
  if ((part.mode ?? 0) >> 12 === 0o12) part.content = random.chance(0.6) ? random.pick(names) : extremeText(random);
  if (name.endsWith('/')) part.content = '';
  if (random.chance(0.1)) part.size = random.pick([0, 1, 0xffffffff, 0x7fffffff]);
  if (random.chance(0.05)) part.crc = random.next();
  if (random.chance(0.1)) part.flags = random.pick([0, 1, 8, 0x800, 0x2000, 0xffff]);
  if (random.chance(0.05)) part.method = random.pick([1, 9, 12, 14, 93, 99]);
  if (random.chance(0.15))
    part.extra = random.chance(0.5) ? unicodePathField(name, extremeText(random)) : random.bytes(random.below(30));
  if (random.chance(0.05)) part.localName = random.pick(names);
  if (random.chance(0.05) && index > 0) part.sameBytesAs = random.below(index);
  return part;
}

/** A field of a local header, of a record of the directory or of the end. */
function mutateRecord(random: Random, bytes: Buffer): Buffer {
  const marks = ['504b0304', '504b0102', '504b0506', '504b0606', '504b0607'];
  const places: number[] = [];
  for (const mark of marks.map((hex) => Buffer.from(hex, 'hex'))) {
    for (let at = bytes.indexOf(mark); at !== -1 && places.length < 200; at = bytes.indexOf(mark, at + 1))
      places.push(at);
  }
  if (places.length === 0) return mutateBytes(random, bytes);
  const at = random.pick(places) + 4 + random.below(44);
  const value = random.pick([0, 1, 0x7f, 0xff, 0x2e, 0x2f]);
  return withBytes(bytes, at, Buffer.alloc(random.pick([1, 2, 4]), value));
}
