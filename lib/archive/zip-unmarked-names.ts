import { isUtf8 } from 'node:buffer';
import type { EventEmitter } from 'node:events';
import { rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from 'yauzl';
import { isSystemError } from '../core/errors.ts';

/** The bit of a record that says that its name is UTF-8 (APPNOTE.TXT, 4.4.4, bit 11). */
const utf8Bit = 0x800;
const madeOnUnix = 3;
const madeOnMac = 19;

/**
 * A record's flags, with the bit for UTF-8 set where it was forgotten: by the letter of the format such a name is code
 * page 437, but `zip` of Linux and macOS writes the file system's bytes, and `unzip` takes them as such.
 */
export function nameFlags(record: Pick<Entry, 'generalPurposeBitFlag' | 'versionMadeBy' | 'fileNameRaw'>): number {
  const { generalPurposeBitFlag, versionMadeBy, fileNameRaw } = record;
  const madeOn = versionMadeBy >> 8;
  const isPlain = fileNameRaw.every((byte) => byte < 0x80);
  const isUnmarked = !isPlain && (madeOn === madeOnUnix || madeOn === madeOnMac) && isUtf8(fileNameRaw);
  return isUnmarked ? generalPurposeBitFlag | utf8Bit : generalPurposeBitFlag;
}

/** Gives entries that extract-zip reads by the letter of the format the names that they were checked under. */
export class NameCorrection {
  private readonly names: ReadonlyMap<string, string>;
  private isListening = false;
  private misread: string | undefined;

  /** @param names by the name as extract-zip reads it; both end in `/` for a folder. */
  constructor(names: ReadonlyMap<string, string>) {
    this.names = names;
  }

  /** Call it for each entry before it is unpacked. */
  correct(entry: { fileName: string }, zip: EventEmitter): void {
    if (this.names.size === 0) return;
    if (!this.isListening) {
      this.isListening = true;
      if (this.names.has(entry.fileName)) this.misread = entry.fileName;
      // Before extract-zip's own listener, which makes the folder that an entry goes into.
      zip.prependListener('entry', (next: { fileName: string }) => this.rename(next));
    }
    this.rename(entry);
  }

  /** For the first entry that folder was made already, under the name as it was read. */
  removeMisread(into: string): void {
    for (let path = dirname(this.misread ?? ''); path !== '.'; path = dirname(path)) {
      try {
        rmdirSync(`${into}/${path}`);
      } catch (error) {
        if (!isSystemError(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT')) throw error;
      }
    }
  }

  private rename(entry: { fileName: string }): void {
    entry.fileName = this.names.get(entry.fileName) ?? entry.fileName;
  }
}
