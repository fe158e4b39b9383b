import { cpSync, existsSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheHarm } from './history-steps.ts';
import { seededBytes } from './seeded-bytes.ts';

/** Does harm to what a store keeps in `.state/` to be faster, none of which a backup may depend on. */
export class CacheHarmer {
  private readonly state: string;
  /** The caches as they were the first time. */
  private readonly kept: string;

  /** @param scratch a folder of its own. */
  constructor(store: string, scratch: string) {
    this.state = join(store, '.state');
    this.kept = scratch;
  }

  /** Says what it did; nothing where there is nothing to harm. */
  harm(how: CacheHarm): string {
    const caches = this.files();
    if (caches.length === 0) return '';
    const isFirst = !existsSync(this.kept);
    if (isFirst) for (const file of caches) cpSync(file, join(this.kept, file.slice(this.state.length + 1)));
    switch (how) {
      case 'none':
        return '';
      case 'stale':
        for (const file of caches) rmSync(file);
        cpSync(this.kept, this.state, { recursive: true });
        return ', the first caches put back';
      default:
        for (const [number, file] of caches.entries()) harmFile(how, file, caches[number + 1]);
        return `, caches harmed: ${how}`;
    }
  }

  /** Not the lock, and not what a run is making. */
  private files(): string[] {
    if (!existsSync(this.state)) return [];
    return readdirSync(this.state, { recursive: true, encoding: 'utf8' })
      .filter((name) => !name.startsWith('lock') && !name.startsWith('tmp'))
      .map((name) => join(this.state, name))
      .filter((path) => lstatSync(path).isFile())
      .sort();
  }
}

function harmFile(how: Exclude<CacheHarm, 'none' | 'stale'>, file: string, next: string | undefined): void {
  const bytes = readFileSync(file);
  switch (how) {
    case 'delete':
      return rmSync(file);
    case 'garbage':
      return writeFileSync(file, seededBytes(bytes.length, 5000));
    case 'cut':
      return writeFileSync(file, bytes.subarray(0, bytes.length >> 1));
    case 'exchange':
      // Each but the last gets the content of the next.
      return next === undefined ? undefined : cpSync(next, file);
    case 'flip':
      bytes[bytes.length >> 1]! ^= 0x10;
      return writeFileSync(file, bytes);
  }
}
