import { comparePaths } from '../core/path-bytes.ts';
import { targetOf, type ManifestEntry, type ManifestLine } from './manifest.ts';

/**
 * Looks entries of a manifest up by path in one pass, for a caller that asks in the manifest's own order (sorted within
 * each target). What has gone by is found by starting again from the front, so that any order gives right answers.
 */
export class ManifestCursor {
  private readonly open: () => AsyncGenerator<ManifestLine[]>;
  private lines: AsyncGenerator<ManifestLine[]> | undefined;
  private batch: ManifestLine[] = [];
  private at = 0;
  private current: ManifestEntry | undefined;
  private readonly passed = new Set<string>();
  private wanted = '';
  private asked = '';

  constructor(open: () => AsyncGenerator<ManifestLine[]>) {
    this.open = open;
  }

  /** The entry at that path, or undefined when the manifest has none. */
  async find(path: string): Promise<ManifestEntry | undefined> {
    const target = targetOf(path);
    const isBehind = target === this.wanted && comparePaths(path, this.asked) < 0;
    if (target !== this.wanted || isBehind) await this.seekTarget(target, isBehind);
    this.asked = path;
    while (this.current !== undefined && targetOf(this.current.path) === target) {
      const order = comparePaths(this.current.path, path);
      if (order === 0) return this.current;
      if (order > 0) return undefined;
      await this.advance();
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.lines?.return(undefined);
  }

  private async seekTarget(target: string, isBehind: boolean): Promise<void> {
    this.wanted = target;
    if (this.lines === undefined || isBehind || this.passed.has(target)) {
      await this.close();
      this.passed.clear();
      this.current = undefined;
      this.lines = this.open();
      this.batch = [];
      this.at = 0;
      await this.advance();
    }
    while (this.current !== undefined && targetOf(this.current.path) !== target) await this.advance();
  }

  private async advance(): Promise<void> {
    if (this.current !== undefined) this.passed.add(targetOf(this.current.path));
    this.current = undefined;
    for (;;) {
      for (; this.at < this.batch.length; this.at += 1) {
        const line = this.batch[this.at];
        if (line?.type !== 'entry') continue;
        this.current = line.entry;
        this.at += 1;
        return;
      }
      const next = await this.lines?.next();
      if (next === undefined || next.done === true) return;
      this.batch = next.value;
      this.at = 0;
    }
  }
}
