import { finding, type Finding } from '../core/findings.ts';
import type { AuditLine } from './audit-line.ts';
import type { RawLine } from './audit-raw-lines.ts';

/** Where a line stands. */
export interface LinePlace {
  file: string;
  number: number;
}

/** A line that was read: `parsed` is absent for what is none, `isForged` true where its MAC is not that of the key. */
export interface CheckedLine {
  place: LinePlace;
  raw: RawLine;
  parsed: AuditLine | undefined;
  isForged: boolean;
}

interface KnownLine {
  hash: string;
  place: LinePlace;
  isReported: boolean;
}

/** So many lines back a line is found again that another one follows, in a log whose order was changed. */
const mostKnown = 64;
const mostReported = 100;

/**
 * Follows the chain of an audit log, one line at a time, and collects what is wrong with it. Lines count: what is missing,
 * inserted or moved shows in the numbers, what was changed in the hash that the next line names.
 */
export class AuditChain {
  /** The highest number so far. */
  last = 0;
  readonly problems: Finding[] = [];
  readonly warnings: Finding[] = [];
  /** The hash of the line that the checkpoint names. */
  private headHash: { hash: string; place: LinePlace; isReported: boolean } | undefined;
  private readonly headSeq: number | undefined;
  private readonly known = new Map<number, KnownLine>();
  private readonly unreadable: CheckedLine[] = [];
  private gaps: { from: number; to: number; place: LinePlace }[] = [];
  private unlisted = 0;

  /** @param headSeq the number that the checkpoint names. */
  constructor(headSeq: number | undefined) {
    this.headSeq = headSeq;
  }

  add(line: CheckedLine): void {
    const { parsed } = line;
    // What a changed line says of its own number is worth nothing.
    if (parsed === undefined || line.isForged) {
      this.unreadable.push(line);
      return;
    }
    this.settleUnreadable(parsed);
    const { seq, prev } = parsed;
    if (seq <= this.last) return this.addOutOfOrder(line, seq);
    if (seq > this.last + 1) this.gaps.push({ from: this.last + 1, to: seq - 1, place: line.place });
    const before = this.known.get(seq - 1);
    if (before !== undefined && before.hash !== prev) this.reportChanged(before, 'the next line follows another one');
    if (seq === 1 && !/^sha256:0+$/.test(prev)) {
      this.report('audit-line-changed', line.place, { reason: 'it is the first one and follows another' });
    }
    this.remember(seq, line, false);
  }

  /**
   * After the last line.
   * @param head the checkpoint's.
   */
  end(head: { seq: number; hash: string } | undefined): void {
    const cut = this.unreadable.at(-1);
    const isTorn =
      cut !== undefined &&
      !cut.raw.isEnded &&
      cut.parsed === undefined &&
      (head?.seq ?? 0) < this.last + this.unreadable.length;
    if (isTorn) this.unreadable.pop();
    for (const one of this.unreadable) this.takeUnreadable(one);
    this.unreadable.length = 0;
    if (isTorn) this.warn('audit-line-torn', cut.place);
    if (head !== undefined && head.seq > this.last) {
      this.gaps.push({ from: this.last + 1, to: head.seq, place: { file: '', number: 0 } });
    } else if (head !== undefined && this.headHash !== undefined && this.headHash.hash !== head.hash) {
      this.reportChanged(this.headHash, 'the checkpoint names another one');
    }
    for (const gap of this.gaps) this.reportMissing(gap);
    this.gaps = [];
    if (this.unlisted > 0) this.problems.push(finding('more-findings', { count: this.unlisted }));
  }

  /** Lines that cannot be read: a torn one where the next line says so, else in the place of one that was changed, or put in. */
  private settleUnreadable(next: AuditLine): void {
    const { unreadable } = this;
    const torn = unreadable.at(-1);
    if (torn === undefined) return;
    const isTorn = next.facts.torn === true && torn.parsed === undefined && torn.raw.hash === next.prev;
    const count = unreadable.length;
    // So many numbers are not accounted for otherwise.
    const room = Math.max(0, next.seq - this.last - 1);
    for (const [at, one] of unreadable.entries()) {
      if (isTorn && at === count - 1) this.takeTorn(one);
      else if (count - at > room) this.reportLine(one);
      else this.takeUnreadable(one);
    }
    unreadable.length = 0;
  }

  private takeTorn(line: CheckedLine): void {
    this.warn('audit-line-torn', line.place);
    this.remember(this.last + 1, line, true);
  }

  private takeUnreadable(line: CheckedLine): void {
    this.reportLine(line);
    this.remember(this.last + 1, line, true);
  }

  private reportLine({ place, isForged }: CheckedLine): void {
    const reason = isForged ? 'its MAC is not right' : 'it is no line of an audit log';
    this.report('audit-line-changed', place, { reason });
  }

  private addOutOfOrder({ place }: CheckedLine, seq: number): void {
    this.report('audit-line-order', place, { found: String(seq), expected: String(this.last + 1) });
    // It is there, though not in its place.
    this.gaps = this.gaps.flatMap((gap) => {
      if (seq < gap.from || seq > gap.to) return [gap];
      const parts = [
        { ...gap, to: seq - 1 },
        { ...gap, from: seq + 1 },
      ];
      return parts.filter(({ from, to }) => from <= to);
    });
  }

  private remember(seq: number, { raw, place }: CheckedLine, isReported: boolean): void {
    const line = { hash: raw.hash, place, isReported };
    this.known.set(seq, line);
    this.known.delete(seq - mostKnown);
    if (seq === this.headSeq) this.headHash = line;
    this.last = seq;
  }

  private reportChanged(line: KnownLine, reason: string): void {
    if (line.isReported) return;
    line.isReported = true;
    this.report('audit-line-changed', line.place, { reason });
  }

  private reportMissing({ from, to, place }: { from: number; to: number; place: LinePlace }): void {
    const count = to - from + 1;
    const found = from === to ? String(from) : `${from}–${to}`;
    if (place.file === '') this.report('audit-lines-cut', undefined, { count, found });
    else this.report('audit-lines-missing', place, { count, found, expected: String(place.number) });
  }

  private report(
    code: 'audit-line-changed' | 'audit-line-order' | 'audit-lines-missing' | 'audit-lines-cut',
    place: LinePlace | undefined,
    params: { reason?: string; found?: string; expected?: string; count?: number },
  ): void {
    if (this.problems.length >= mostReported) {
      this.unlisted += 1;
      return;
    }
    const where = place === undefined ? {} : { path: place.file, count: place.number };
    this.problems.push(finding(code, { ...where, ...params }));
  }

  private warn(code: 'audit-line-torn', place: LinePlace): void {
    if (this.warnings.length < mostReported)
      this.warnings.push(finding(code, { path: place.file, count: place.number }));
  }
}
