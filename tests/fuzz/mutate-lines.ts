import { gzipSync } from 'node:zlib';
import { extremeNumber, extremeText } from './extremes.ts';
import type { ForgedBackup, Json } from './forged-backup.ts';
import { mutateJson } from './mutate-json.ts';
import type { Random } from './random.ts';

/** Changes a manifest's lines as an enemy does who knows the format. */
export function mutateLines(random: Random, forged: ForgedBackup): void {
  for (let times = random.few(); times > 0; times -= 1) once(random, forged);
}

const hash = 'ab'.repeat(32);
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function once(random: Random, forged: ForgedBackup): void {
  const { lines } = forged;
  const at = random.below(lines.length);
  switch (random.below(12)) {
    case 0:
      lines.splice(at, 1);
      return;
    case 1:
      lines.splice(at, 0, structuredClone(lines[at]));
      return;
    case 2: {
      const other = random.below(lines.length);
      [lines[at], lines[other]] = [lines[other], lines[at]];
      return;
    }
    case 3: {
      const text = JSON.stringify(lines[at]) ?? 'null';
      const copies = text.length < 1000 ? random.pick([10, 3000]) : 10;
      lines.splice(at, 0, ...Array.from({ length: copies }, () => JSON.parse(text) as unknown));
      return;
    }
    case 4:
      attackEntry(random, forged);
      return;
    case 5:
      attackFrame(random, forged);
      return;
    case 6:
      attackExtents(random, forged);
      return;
    default:
      lines[at] = mutateJson(random, lines[at]);
  }
}

/** An entry at a place that it should not have; or a link with something behind it. */
function attackEntry(random: Random, { lines }: ForgedBackup): void {
  const entries = lines.filter((line): line is Json => isObject(line) && 'path' in line);
  if (entries.length === 0) return;
  const model = random.pick(entries);
  const place = random.pick([extremeText(random), 'state/door/planted', 'state/door', 'state', String(model.path)]);
  const made: Json = { ...model, path: random.chance(0.7) ? `state/x${random.below(9)}` : place, origin: place };
  if (random.chance(0.4)) {
    for (const key of ['sha256', 'size', 'at', 'extents']) delete made[key];
    Object.assign(made, {
      kind: 'symlink',
      linkTarget: random.pick(['../../outside', '/etc', extremeText(random), '.']),
    });
  }
  if (random.chance(0.2)) made.database = 'sqlite';
  if (random.chance(0.2)) made.storedAs = extremeText(random);
  if (random.chance(0.2)) made.mode = random.pick(['7777', '4755', '0000', '99', extremeText(random)]);
  lines.splice(random.below(lines.length), 0, made);
}

const bombs = new Map<number, Buffer>();

/** Zeros that take next to nothing; they are the same for all cases. */
function bombOf(bytes: number): Buffer {
  const bomb = bombs.get(bytes) ?? gzipSync(Buffer.alloc(bytes));
  bombs.set(bytes, bomb);
  return bomb;
}

/** A frame that lies about its size or its place; or one that unpacks to much more than it says. */
function attackFrame(random: Random, { lines, archive, metadata }: ForgedBackup): void {
  const frames = lines.filter((line): line is Json => isObject(line) && 'frame' in line);
  if (frames.length === 0 || archive === undefined) return;
  const frame = random.pick(frames);
  if (random.chance(0.5)) {
    frame[random.pick(['offset', 'storedSize', 'size', 'archive', 'frame'])] = extremeNumber(random);
    return;
  }
  const bomb = bombOf(random.pick([1 << 20, 80 << 20]));
  Object.assign(frame, { offset: archive.bytes.length, storedSize: bomb.length });
  if (random.chance(0.5)) frame.size = random.pick([1, 64 << 20, (1 << 20) - 1]);
  archive.bytes = Buffer.concat([archive.bytes, bomb]);
  if (isObject(metadata.archive)) metadata.archive = { ...metadata.archive, compression: 'gzip' };
}

/** Few bytes that stand for many: extents that repeat a frame, that overlap, that hold nothing. */
function attackExtents(random: Random, { lines }: ForgedBackup): void {
  const at = lines.findIndex((line) => isObject(line) && 'path' in line && line.kind === 'file');
  const entry = lines[at];
  if (!isObject(entry)) return;
  const triples = random.pick([1, 100, 1024]);
  const length = random.pick([0, 1, 512, 1 << 20, 2 ** 40]);
  const linesOfThem = random.pick([1, 3, 40]);
  const one = [random.below(3), random.pick([0, 1, 512]), length];
  const extents = Array.from({ length: triples }, () => one).flat();
  delete entry.at;
  Object.assign(entry, { size: triples * linesOfThem * length, extents: triples * linesOfThem, sha256: hash });
  lines.splice(at, 0, ...Array.from({ length: linesOfThem }, () => ({ extents })));
}
