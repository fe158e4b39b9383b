import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { writeError } from '../core/errors.ts';
import type { Change } from './diff-result.ts';

const changesAPage = 5000;

/** A list of changes of any length in flat memory: all but the last page of it lies in a scratch file. */
export class ChangeSpool {
  length = 0;
  private readonly makeFile: () => Promise<string>;
  private fd: number | undefined;
  private page: Change[] = [];
  private readonly written: { at: number; bytes: number }[] = [];

  /** @param makeFile names a file that does not exist yet, in a folder that its owner removes; asked when one is needed. */
  constructor(makeFile: () => Promise<string>) {
    this.makeFile = makeFile;
  }

  /** A promise only where a page is full. */
  add(change: Change): Promise<void> | undefined {
    this.page.push(change);
    this.length += 1;
    return this.page.length < changesAPage ? undefined : this.writePage();
  }

  *[Symbol.iterator](): Generator<Change> {
    for (const { at, bytes } of this.written) {
      const text = Buffer.alloc(bytes);
      for (let got = 0; got < bytes;) {
        const read = this.fd === undefined ? 0 : readSync(this.fd, text, got, bytes - got, at + got);
        if (read === 0) throw new Error('a list of changes was cut short while it was read');
        got += read;
      }
      yield* JSON.parse(text.toString('utf8')) as Change[];
    }
    yield* this.page;
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private async writePage(): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(this.page), 'utf8');
    const file = this.fd === undefined ? await this.makeFile() : '';
    try {
      this.fd ??= openSync(file, 'wx+', 0o600);
      const last = this.written.at(-1);
      const at = last === undefined ? 0 : last.at + last.bytes;
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.fd, bytes, done, bytes.length - done, at + done);
      }
      this.written.push({ at, bytes: bytes.length });
      this.page = [];
    } catch (error) {
      throw writeError(error, file, 'unpacking');
    }
  }
}
