import { longestPath, unsafeReason } from '../core/safe-path.ts';
import { NameTable } from './name-table.ts';

/** What is wrong with an entry's name, or with where its link leads. */
export interface NameProblem {
  /**
   * `unsafe`: following it would write outside the destination. `conflict`: two entries that cannot both be there.
   * `look-alike`: two names that only some filesystems tell apart (case, Unicode form); both are kept where they can
   * be.
   */
  kind: 'unsafe' | 'conflict' | 'look-alike';
  path: string;
  reason: string;
}

export interface NamedEntry {
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'special';
  linkTarget?: string;
}

export interface NameRules {
  /**
   * What a link that leads out of the destination is: refused by default. Ours keep theirs: they were in the project.
   */
  outsideLinks?: 'refuse' | 'keep';
  /** A tar that was appended to names a file again, and the later one counts. In a zip it is a trick. */
  sameName?: 'later-counts' | 'refuse';
}

/** Names and the folders above them, some 350 MB in memory: an archive of a megabyte can unpack to billions. */
const mostNames = 8_000_000;
/** Their texts are kept. */
const mostLinkCharacters = 64 << 20;

type Seen = 0 | 1 | 2;
const folder: Seen = 0;
const file: Seen = 1;
const link: Seen = 2;

/**
 * Watches the names of one archive, in its order. Pure: nothing is looked up on a disk. Of each name it keeps two
 * hashes, of each link its path and target.
 */
export class ForeignNames {
  private readonly rules: NameRules;
  /** By the hash of the folded name: 32 bits of the hash of the exact one, and what it is. */
  private readonly seen = new NameTable();
  private readonly links = new Map<string, string>();
  /** Folded paths of the links themselves: hashes can be made to collide, and this is what safety hangs on. */
  private readonly foldedLinks = new Set<string>();
  private linkCharacters = 0;

  constructor(rules: NameRules = {}) {
    this.rules = rules;
  }

  /** Looks at the next entry; gives the first problem that it has, the unsafe ones before the others. */
  add(entry: NamedEntry): NameProblem | undefined {
    const { path } = entry;
    const reason = unsafeReason(path) ?? this.unsafeLink(entry);
    if (reason !== undefined) return { kind: 'unsafe', path, reason };
    const what = entry.kind === 'symlink' ? link : entry.kind === 'directory' ? folder : file;
    const problems = [this.throughLink(path), this.addFolders(path), this.place(path, what)];
    if (this.seen.size > mostNames) return { kind: 'conflict', path, reason: `more than ${mostNames} names` };
    if (what === link) {
      this.linkCharacters += 3 * path.length + (entry.linkTarget ?? '').length;
      if (this.linkCharacters > mostLinkCharacters) return { kind: 'conflict', path, reason: 'too many links' };
      this.links.set(path, entry.linkTarget ?? '');
      this.foldedLinks.add(fold(path));
    }
    return (
      problems.find((one) => one?.kind === 'unsafe') ??
      problems.find((one) => one?.kind === 'conflict') ??
      problems.find((one) => one !== undefined)
    );
  }

  /** Once all entries were seen: links that leave the destination through other links. */
  finish(): NameProblem | undefined {
    if (this.rules.outsideLinks === 'keep') return undefined;
    for (const [path, target] of this.links) {
      if (this.leadsOut(path, target)) return { kind: 'unsafe', path, reason: `a link that leads out, to ${target}` };
    }
    return undefined;
  }

  private unsafeLink(entry: NamedEntry): string | undefined {
    const target = entry.linkTarget ?? '';
    if (entry.kind === 'hardlink') {
      const reason = unsafeReason(target);
      return reason === undefined ? undefined : `a hard link to ${target}: ${reason}`;
    }
    if (entry.kind !== 'symlink') return undefined;
    if (target === '') return 'a link without a target';
    if (target.includes('\0')) return 'NUL in the link';
    if (target.length > longestPath) return 'a link that is longer than any path';
    if (this.rules.outsideLinks === 'keep') return undefined;
    return leadsOutByItself(entry.path, target) ? `a link that leads out, to ${target}` : undefined;
  }

  private throughLink(path: string): NameProblem | undefined {
    if (this.foldedLinks.size === 0) return undefined;
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end);
      if (this.foldedLinks.has(fold(above)))
        return { kind: 'unsafe', path, reason: `written through the link ${above}` };
    }
    return undefined;
  }

  /** Every folder above the entry; stops at the first that is known, because those above it are known too. */
  private addFolders(path: string): NameProblem | undefined {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const above = path.slice(0, end);
      const folded = hash53(fold(above), foldedSeed);
      const known = this.seen.get(folded);
      if (known === undefined) {
        this.seen.set(folded, packed(above, folder));
        continue;
      }
      if (known === packed(above, folder)) return undefined;
      if (known === packed(above, file)) return { kind: 'conflict', path, reason: `${above} is a file and a folder` };
      return { kind: 'look-alike', path: above, reason: 'two names that differ only in case or Unicode form' };
    }
    return undefined;
  }

  private place(path: string, what: Seen): NameProblem | undefined {
    const folded = hash53(fold(path), foldedSeed);
    const known = this.seen.get(folded);
    const now = packed(path, what);
    if (known === undefined) {
      this.seen.set(folded, now);
      return undefined;
    }
    const before = (known % 4) as Seen;
    const isSame = known - before === now - what;
    if (before !== what && (before === link || what === link)) {
      return { kind: 'unsafe', path, reason: 'a link and something else under one name' };
    }
    if (!isSame) return { kind: 'look-alike', path, reason: 'two names that differ only in case or Unicode form' };
    if (before !== what) return { kind: 'conflict', path, reason: `${path} is a file and a folder` };
    if (what !== folder && this.rules.sameName === 'refuse')
      return { kind: 'conflict', path, reason: 'two entries of one name' };
    return undefined;
  }

  private leadsOut(path: string, target: string): boolean {
    const at = path.split('/').slice(0, -1);
    const rest = target.split('/');
    // As many as Linux follows; a ring of links leads nowhere.
    for (let followed = 0; rest.length > 0 && followed <= 40;) {
      const step = rest.shift();
      if (step === '' || step === '.' || step === undefined) continue;
      if (step === '..') {
        if (at.pop() === undefined) return true;
        continue;
      }
      at.push(step);
      const next = this.links.get(at.join('/'));
      if (next === undefined) continue;
      if (isAbsolute(next)) return true;
      at.pop();
      rest.unshift(...next.split('/'));
      followed += 1;
    }
    return false;
  }
}

function leadsOutByItself(path: string, target: string): boolean {
  if (isAbsolute(target)) return true;
  let depth = path.split('/').length - 1;
  for (const step of target.split(/[/\\]/)) {
    if (step === '..') depth -= 1;
    else if (step !== '' && step !== '.') depth += 1;
    if (depth < 0) return true;
  }
  return false;
}

const isAbsolute = (target: string): boolean => /^(?:[/\\]|[A-Za-z]:[/\\])/.test(target);

/** What a filesystem that ignores case and Unicode form takes a name for. */
function fold(path: string): string {
  // eslint-disable-next-line no-control-regex -- ASCII has one form
  if (/^[\u0000-\u007f]*$/.test(path)) return path.toUpperCase();
  return path.normalize('NFD').toLowerCase().toUpperCase().normalize('NFD');
}

const foldedSeed = 0;
const exactSeed = 0x5f3759df;

function packed(path: string, what: Seen): number {
  return (hash53(path, exactSeed) % 2 ** 32) * 4 + what;
}

/**
 * cyrb53, by bryc (public domain): 53 bits, quick and well mixed. Not for secrets: a false alarm is all that a
 * collision makes.
 */
function hash53(text: string, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
