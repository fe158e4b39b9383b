import {
  chmodSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readlinkSync,
  readSync,
  symlinkSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { Breather } from '../core/breather.ts';
import { BackupError } from '../core/errors.ts';
import { systemTime } from '../core/file-times.ts';
import { toSystemPath } from '../core/path-bytes.ts';
import { readNames } from '../targets/scan-folder.ts';
import { isZeroBlock } from './staging-folder.ts';

const isRoot = (): boolean => process.getuid?.() === 0;

/** Copies what was staged to another filesystem: contents with their holes, links, modes, times of files, owners. */
export class CopyAcross {
  private readonly signal: AbortSignal;
  private readonly breather = new Breather();
  private readonly buffer = Buffer.allocUnsafeSlow(1 << 20);

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /**
   * @param to does not exist yet; its folder does.
   * @throws BackupError INTERRUPTED, and the system's errors.
   */
  async copy(from: string, to: string): Promise<void> {
    if (this.breather.isDue) await this.breather.pause();
    if (this.signal.aborted) throw new BackupError('INTERRUPTED', {});
    const stat = lstatSync(toSystemPath(from), { bigint: true });
    if (stat.isDirectory()) {
      mkdirSync(toSystemPath(to), { mode: 0o700 });
      for (const name of readNames(from)) await this.copy(`${from}/${name}`, `${to}/${name}`);
      if (isRoot()) lchownSync(toSystemPath(to), Number(stat.uid), Number(stat.gid));
      chmodSync(toSystemPath(to), Number(stat.mode) & 0o7777);
    } else if (stat.isSymbolicLink()) {
      symlinkSync(readlinkSync(toSystemPath(from), 'buffer'), toSystemPath(to));
      lutimesSync(toSystemPath(to), systemTime(stat.mtimeNs), systemTime(stat.mtimeNs));
      if (isRoot()) lchownSync(toSystemPath(to), Number(stat.uid), Number(stat.gid));
    } else await this.copyFile(from, to, stat);
  }

  private async copyFile(from: string, to: string, stat: BigIntStats): Promise<void> {
    const source = openSync(toSystemPath(from), 'r');
    try {
      const fd = openSync(toSystemPath(to), 'wx', 0o600);
      try {
        await this.copyBytes(source, fd);
        if (isRoot()) fchownSync(fd, Number(stat.uid), Number(stat.gid));
        fchmodSync(fd, Number(stat.mode) & 0o7777);
        futimesSync(fd, systemTime(stat.mtimeNs), systemTime(stat.mtimeNs));
      } finally {
        closeSync(fd);
      }
    } finally {
      closeSync(source);
    }
  }

  private async copyBytes(source: number, fd: number): Promise<void> {
    let position = 0;
    for (;;) {
      const got = readSync(source, this.buffer, 0, this.buffer.length, position);
      if (got === 0) break;
      const bytes = this.buffer.subarray(0, got);
      if (!isZeroBlock(bytes)) {
        for (let at = 0; at < got;) at += writeSync(fd, bytes, at, got - at, position + at);
      }
      position += got;
      if (this.breather.isDue) await this.breather.pause();
      if (this.signal.aborted) throw new BackupError('INTERRUPTED', {});
    }
    // A hole at the end has no bytes that would give the file its length.
    ftruncateSync(fd, position);
  }
}
