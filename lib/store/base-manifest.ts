import { createHash } from 'node:crypto';
import { BackupError, reasonOf } from '../core/errors.ts';
import { comparePaths } from '../core/path-bytes.ts';
import { FrameTable } from './frame-table.ts';
import { mostFrames, targetOf, type ManifestEntry, type ManifestHeader } from './manifest.ts';
import { parseManifestLine } from './manifest-lines.ts';

/** A manifest up to this many bytes is unpacked once and kept for as long as the run lasts. */
const mostKeptBytes = 32 << 20;

/** A line longer than this is no line of ours. */
const longestLineBytes = 4 << 20;

/** A project has some ten of them. */
const mostTargets = 10_000;

/** The lines of as many extents as an entry may have. */
const mostExtentsText = 128 << 20;

const entryMark = Buffer.from('{"path":"');
const frameMark = Buffer.from('{"frame"');
const databaseMark = Buffer.from('"database":"');

export interface BaseSource {
  backup: string;
  /** `sha256:<hex>` of the whole manifest. */
  checksum: string;
  /** The uncompressed bytes, from the beginning. */
  open: () => AsyncIterable<Buffer>;
}

/**
 * The manifest that an incremental backup builds on. It is read to its end once, so that its checksum is proven before
 * anything of it is believed; then its lines are looked up by path in one more pass, as the text that they are: a line of an
 * entry that has not changed goes into the new manifest as it stands.
 */
export class BaseManifest {
  readonly header: ManifestHeader;
  readonly frames: FrameTable;
  /** The databases that it holds, by their paths in the backup. */
  readonly databases: ReadonlyMap<string, ManifestEntry>;
  private readonly source: BaseSource;
  private readonly kept: Buffer[] | undefined;
  /** The targets that have entries, in the manifest's order. */
  private readonly targets: readonly string[];
  private lines: AsyncGenerator<string[]> | undefined;
  private batch: readonly string[] = [];
  private at = 0;
  /** The path of the current line; undefined before the first and after the last. */
  private current: string | undefined;
  private asked: string | undefined;

  private constructor(source: BaseSource, first: FirstPass) {
    this.source = source;
    this.header = first.header;
    this.frames = first.frames;
    this.databases = first.databases;
    this.kept = first.kept;
    this.targets = first.targets;
  }

  /** @throws BackupError MANIFEST_DAMAGED */
  static async open(source: BaseSource): Promise<BaseManifest> {
    return new BaseManifest(source, await firstPass(source));
  }

  /** The entry that a text of this manifest is. @throws BackupError MANIFEST_DAMAGED */
  parse(text: string): ManifestEntry {
    return this.understood(() => this.entryOf(text));
  }

  /** Only the checksum of the lines is known to be right, and whoever makes a manifest computes that as well. */
  private understood<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof BackupError) throw error;
      const { backup } = this.source;
      throw new BackupError('MANIFEST_DAMAGED', { backup, problem: reasonOf(error) }, { cause: error });
    }
  }

  private entryOf(text: string): ManifestEntry {
    const lines = text.split('\n');
    const last = parseManifestLine(lines.pop() ?? '', this.header.owner);
    if (last.type !== 'entry') throw new TypeError('a text of entries ends with an entry');
    if (last.extentCount === undefined) return last.entry;
    const triples = lines.flatMap((line) => {
      const parsed = parseManifestLine(line, this.header.owner);
      return parsed.type === 'extents' ? parsed.extents : [];
    });
    return { ...last.entry, extents: Float64Array.from(triples) };
  }

  /**
   * The text of the entry at that path: its line, after the lines of its extents. Cheap where paths are asked for in the
   * manifest's order; right in any.
   */
  find(path: string): string | undefined | Promise<string | undefined> {
    if (!this.targets.includes(targetOf(path))) return undefined;
    if (this.asked === undefined || this.compare(path, this.asked) < 0) {
      this.asked = path;
      return this.restart().then(() => this.seek(path));
    }
    this.asked = path;
    return this.seek(path);
  }

  /** The texts of all entries, some at a time. */
  async *texts(): AsyncGenerator<string[]> {
    try {
      yield* entryTexts(this.kept ?? this.source.open());
    } catch (error) {
      this.understood(() => {
        throw error;
      });
    }
  }

  async close(): Promise<void> {
    await this.lines?.return(undefined);
    this.lines = undefined;
    this.current = undefined;
    this.asked = undefined;
  }

  private seek(path: string): string | undefined | Promise<string | undefined> {
    while (this.current !== undefined) {
      const order = this.compare(this.current, path);
      if (order === 0) return this.batch[this.at];
      if (order > 0) return undefined;
      this.at += 1;
      if (this.at >= this.batch.length) return this.nextBatch().then(() => this.seek(path));
      this.current = this.pathAt(this.at);
    }
    return undefined;
  }

  /** In the manifest's order: by target as they come, then by path. */
  private compare(a: string, b: string): number {
    const [first, second] = [targetOf(a), targetOf(b)];
    return first === second ? comparePaths(a, b) : this.targets.indexOf(first) - this.targets.indexOf(second);
  }

  private pathAt(index: number): string {
    return this.understood(() => pathOf(this.batch[index] ?? ''));
  }

  private async restart(): Promise<void> {
    await this.lines?.return(undefined);
    this.lines = this.texts();
    await this.nextBatch();
  }

  private async nextBatch(): Promise<void> {
    this.current = undefined;
    for (let next = await this.lines?.next(); next?.done === false; next = await this.lines?.next()) {
      if (next.value.length === 0) continue;
      this.batch = next.value;
      this.at = 0;
      this.current = this.pathAt(0);
      return;
    }
  }
}

interface FirstPass {
  header: ManifestHeader;
  frames: FrameTable;
  databases: Map<string, ManifestEntry>;
  targets: string[];
  kept: Buffer[] | undefined;
}

/** Proves the checksum, and collects what has to be known before the first entry is looked up. */
async function firstPass(source: BaseSource): Promise<FirstPass> {
  const damaged = (problem: string): BackupError =>
    new BackupError('MANIFEST_DAMAGED', { backup: source.backup, problem });
  const digest = createHash('sha256');
  const frames = new FrameTable();
  const databases = new Map<string, ManifestEntry>();
  const targets: string[] = [];
  let header: ManifestHeader | undefined;
  let kept: Buffer[] | undefined = [];
  let bytes = 0;
  let targetMark = Buffer.alloc(0);
  try {
    for await (const chunk of wholeLines(noting(source.open(), (one) => void digest.update(one)))) {
      bytes += chunk.length;
      if (bytes <= mostKeptBytes) kept?.push(chunk);
      else kept = undefined;
      const hasDatabases = chunk.includes(databaseMark);
      for (let from = 0; from < chunk.length;) {
        const end = chunk.indexOf(10, from);
        const line = chunk.subarray(from, end);
        from = end + 1;
        if (startsWith(line, entryMark)) {
          if (targets.length === 0 || !startsWith(line, targetMark)) {
            const target = targetOf(pathOf(line.toString('utf8')));
            if (!targets.includes(target)) targets.push(target);
            if (targets.length > mostTargets) throw new TypeError('it has too many targets');
            targetMark = Buffer.from(`{"path":${JSON.stringify(target).slice(0, -1)}/`);
          }
          if (hasDatabases && line.includes(databaseMark)) noteDatabase(line, header, databases);
        } else if (startsWith(line, frameMark)) {
          const parsed = parseManifestLine(line.toString('latin1'), { uid: 0, gid: 0 });
          if (parsed.type === 'frame') frames.add(parsed.frame);
          if (frames.length > mostFrames) throw new TypeError('it has too many frames');
        } else if (header === undefined) {
          const parsed = parseManifestLine(line.toString('utf8'), { uid: 0, gid: 0 });
          if (parsed.type === 'header') header = parsed.header;
        }
      }
    }
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw damaged(reasonOf(error));
  }
  if (source.checksum !== `sha256:${digest.digest('hex')}`) {
    throw damaged('it does not have the checksum that metadata.json names');
  }
  if (header === undefined) throw damaged('it does not begin with a header');
  return { header, frames, databases, targets, kept };
}

function noteDatabase(line: Buffer, header: ManifestHeader | undefined, databases: Map<string, ManifestEntry>): void {
  const parsed = parseManifestLine(line.toString('utf8'), header?.owner ?? { uid: 0, gid: 0 });
  if (parsed.type === 'entry' && parsed.entry.database !== undefined) databases.set(parsed.entry.path, parsed.entry);
}

async function* noting(chunks: AsyncIterable<Buffer>, note: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    note(chunk);
    yield chunk;
  }
}

/** The bytes, cut behind line ends only. */
async function* wholeLines(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  for await (const chunk of chunks) {
    const end = chunk.lastIndexOf(10) + 1;
    if (end === 0) {
      rest.push(chunk);
      if (rest.length * chunk.length > longestLineBytes) throw new TypeError('a line has no end');
      continue;
    }
    yield rest.length === 0 ? chunk.subarray(0, end) : Buffer.concat([...rest, chunk.subarray(0, end)]);
    rest = end < chunk.length ? [chunk.subarray(end)] : [];
  }
}

async function* entryTexts(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<string[]> {
  let extents = '';
  for await (const chunk of wholeLines(chunks)) {
    const texts: string[] = [];
    for (const line of chunk.toString('utf8').split('\n')) {
      if (line.startsWith('{"path"')) {
        texts.push(extents === '' ? line : `${extents}${line}`);
        extents = '';
      } else if (line.startsWith('{"extents"')) {
        extents += `${line}\n`;
        if (extents.length > mostExtentsText) throw new TypeError('an entry has too many extents');
      }
    }
    yield texts;
  }
}

function startsWith(line: Buffer, mark: Buffer): boolean {
  return line.length >= mark.length && line.compare(mark, 0, mark.length, 0, mark.length) === 0;
}

const pathStart = '{"path":"';

/** The path that a text of an entry begins with. */
function pathOf(text: string): string {
  const from = text.startsWith(pathStart) ? 0 : text.lastIndexOf(`\n${pathStart}`) + 1;
  const start = from + pathStart.length;
  let end = text.indexOf('"', start);
  const path = text.slice(start, end);
  if (!path.includes('\\')) return path;
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return JSON.parse(text.slice(start - 1, end + 1)) as string;
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text[quote - 1 - slashes] === '\\') slashes += 1;
  return slashes % 2 === 1;
}
