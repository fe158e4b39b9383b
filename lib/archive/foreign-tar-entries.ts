import type { ForeignEntry } from './foreign-entry.ts';
import { readPax, type PaxRecords } from './foreign-pax.ts';
import { ForeignDamage } from './foreign-stream.ts';
import { entryOf, readTarBlock, type TarExtension } from './foreign-tar-header.ts';
import { tarBlock, type TarInput } from './foreign-tar-input.ts';
import { tarPadding } from './tar-headers.ts';

/** A tar that is sound, and uses a feature that is not read here. */
export class UnreadableTar extends Error {
  override readonly name = 'UnreadableTar';
}

/** Long names and pax headers are text; a megabyte of it is an attack. */
const maxExtensionBytes = 1 << 20;

/** Reads a tar's headers one entry at a time: the caller takes the content in between. */
export class TarEntries {
  private readonly input: TarInput;
  /** Records of global pax headers: they hold for every entry after them. */
  private readonly global: PaxRecords = new Map();

  constructor(input: TarInput) {
    this.input = input;
  }

  /**
   * The next entry and the bytes of content that follow it, or undefined at the end mark.
   * @throws ForeignDamage, UnreadableTar
   */
  async next(): Promise<{ entry: ForeignEntry; bodySize: number } | undefined> {
    const before: TarExtension = { pax: new Map(), global: this.global };
    for (let isExtended = false; ;) {
      const bytes = await this.input.take(tarBlock);
      if (bytes === undefined) throw new ForeignDamage('it is cut off: its end mark is missing');
      const header = readTarBlock(bytes);
      if (header === undefined) {
        if (isExtended) throw new ForeignDamage('it ends after a header that speaks of another one');
        return undefined;
      }
      if (!(await this.extend(before, header))) return entryOf(header, before);
      isExtended ||= 'xXLK'.includes(header.type);
    }
  }

  /** Takes a header that speaks of what comes after it; false for an entry's own. */
  private async extend(before: TarExtension, header: { type: string; size: number }): Promise<boolean> {
    switch (header.type) {
      case 'x':
      case 'X':
        take(readPax(await this.body(header.size)), before.pax);
        refuseSparse(before.pax);
        return true;
      case 'g':
        take(readPax(await this.body(header.size)), this.global);
        refuseGlobal(this.global);
        return true;
      case 'L':
        before.longName = untilNul(await this.body(header.size));
        return true;
      case 'K':
        before.longLink = untilNul(await this.body(header.size));
        return true;
      case 'V':
        // GNU's volume label: a name and nothing else.
        await this.body(header.size);
        return true;
      case 'S':
        throw new UnreadableTar(sparse);
      case 'M':
        throw new UnreadableTar('it is one volume of several');
      default:
        return false;
    }
  }

  private async body(size: number): Promise<Buffer> {
    if (size > maxExtensionBytes) throw new ForeignDamage(`a header of ${size} bytes is no header`);
    if (size === 0) return Buffer.alloc(0);
    const body = await this.input.take(size);
    if (body === undefined) throw new ForeignDamage('it is cut off');
    await this.input.skip(tarPadding(size));
    return body;
  }
}

const sparse = 'it holds sparse files in the layout of GNU tar; unpack it with `tar`, and pack it without --sparse';

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** The records that matter; of all others an archive may hold more than memory does. */
const known = new Set(['path', 'linkpath', 'size', 'mtime']);

function take(records: PaxRecords, into: PaxRecords): void {
  for (const [key, value] of records) {
    if (known.has(key)) into.set(key, value);
    else if (key.startsWith('GNU.sparse.')) into.set('GNU.sparse.', value);
  }
}

function refuseSparse(pax: PaxRecords): void {
  for (const key of pax.keys()) {
    if (key.startsWith('GNU.sparse.')) throw new UnreadableTar(sparse);
  }
}

/** A global header that speaks of names or sizes changes every entry after it, for some programs and not for others. */
function refuseGlobal(global: PaxRecords): void {
  for (const key of ['path', 'linkpath', 'size']) {
    if (global.has(key)) throw new ForeignDamage(`a global pax header names a ${key} for every entry`);
  }
}
