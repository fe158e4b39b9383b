import { closeSync } from 'node:fs';
import { Breather } from '../core/breather.ts';
import { BackupError } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { refusedRead } from '../core/refused-read.ts';
import { AuditChain } from './audit-chain.ts';
import { openLogs } from './audit-files.ts';
import { auditHeadFile, readAuditHead, type ReadHead } from './audit-head.ts';
import { isMacRight, parseAuditLine, type AuditLine } from './audit-line.ts';
import { readLines, type RawLine } from './audit-raw-lines.ts';
import type { Store } from './store.ts';

/** The key of lines that name it so; undefined where it is not given. */
export type AuditKeyFinder = (named: { macSalt: string; keyCheck: string }) => Promise<Buffer | undefined>;

export interface AuditCheck {
  /** How many files the log has, and lines in them. */
  files: number;
  lines: number;
  /** How many lines have a MAC that was compared, have one and no key for it was given, have none. */
  macs: { checked: number; unchecked: number; none: number };
  problems: Finding[];
  warnings: Finding[];
}

/**
 * Reads a whole audit log and checks its chain, its checkpoint, and its MACs as far as there are keys. It collects every problem.
 * @param visit given each line that can be read, changed or not.
 * Without a log there is nothing wrong with it, but what its checkpoint knows.
 * @throws BackupError BACKUP_UNREADABLE, INTERRUPTED; the system's error where there is no store.
 */
export async function verifyAuditLog(
  store: Store,
  given: { keyOf: AuditKeyFinder; signal: AbortSignal; visit: (line: AuditLine) => void },
): Promise<AuditCheck> {
  // Before the log: a line that comes meanwhile is one more than the checkpoint knows, which is no fault.
  const head = readHead(store);
  const known = typeof head === 'string' ? undefined : head;
  const chain = new AuditChain(known?.seq);
  const macs = { checked: 0, unchecked: 0, none: 0 };
  const unsigned = new LinesWithout('audit-unsigned');
  const unchecked = new LinesWithout('audit-macs-unchecked');
  const lost = new LinesWithout('audit-head-lost');
  let lines = 0;
  let isLastSigned = false;
  const breather = new Breather();
  const logs = openLogs(store);
  try {
    for (const log of logs) {
      for (const raw of readLines(log)) {
        if (breather.isDue) await breather.pause();
        if (given.signal.aborted) throw new BackupError('INTERRUPTED', {});
        lines += 1;
        const parsed = raw.bytes === undefined ? undefined : parseAuditLine(raw.bytes);
        const place = { file: log.name, number: raw.number };
        const proof = await proofOf(raw, parsed, given.keyOf);
        if (proof === 'unsigned') {
          macs.none += 1;
          // Lines from before there was a key have none.
          if (macs.checked > 0) unsigned.add(place);
        } else if (proof === 'unchecked') {
          macs.unchecked += 1;
          unchecked.add(place);
        } else if (proof !== undefined) macs.checked += 1;
        if (parsed !== undefined && proof !== 'wrong') {
          given.visit(parsed);
          isLastSigned = proof === 'right';
          if (typeof parsed.facts.checkpoint === 'string') lost.add(place);
        }
        chain.add({ place, raw, parsed, isForged: proof === 'wrong' });
      }
    }
  } finally {
    for (const { fd } of logs) closeSync(fd);
  }
  chain.end(known);
  const { problems, warnings } = chain;
  const path = auditHeadFile(store);
  if (head === 'missing' && lines > 0) warnings.push(finding('audit-head-missing', { path }));
  const fault = await faultOfHead(head, chain.last, isLastSigned, given.keyOf);
  if (fault !== undefined) problems.push(finding('audit-head-changed', { path, reason: fault }));
  warnings.push(...lost.told(), ...unsigned.told(), ...unchecked.told());
  return { files: logs.length, lines, macs, problems, warnings };
}

function readHead(store: Store): ReadHead {
  try {
    return readAuditHead(store);
  } catch (error) {
    throw refusedRead(error, auditHeadFile(store));
  }
}

async function proofOf(
  raw: RawLine,
  parsed: AuditLine | undefined,
  keyOf: AuditKeyFinder,
): Promise<'right' | 'wrong' | 'unchecked' | 'unsigned' | undefined> {
  if (parsed === undefined || raw.bytes === undefined) return undefined;
  if (parsed.mac === undefined) return 'unsigned';
  const key = await keyOf(parsed.mac);
  if (key === undefined) return 'unchecked';
  return isMacRight(raw.bytes, key) ? 'right' : 'wrong';
}

/** Whoever wrote the last line with a key wrote the checkpoint with it. */
async function faultOfHead(
  head: ReadHead,
  last: number,
  isLastSigned: boolean,
  keyOf: AuditKeyFinder,
): Promise<string | undefined> {
  if (head === 'damaged') return 'it is no checkpoint';
  if (head === 'missing') return undefined;
  if (head.key === undefined) {
    return head.seq === last && isLastSigned ? 'it has no MAC, and the line that it names has one' : undefined;
  }
  const key = await keyOf(head.key);
  return key === undefined || isMacRight(head.bytes, key) ? undefined : 'its MAC is not right';
}

type LackCode = 'audit-unsigned' | 'audit-macs-unchecked' | 'audit-head-lost';

/** How many lines lack something, and which is the first. */
class LinesWithout {
  private readonly code: LackCode;
  private first: { file: string; number: number } | undefined;
  private count = 0;

  constructor(code: LackCode) {
    this.code = code;
  }

  add(place: { file: string; number: number }): void {
    this.first ??= place;
    this.count += 1;
  }

  told(): Finding[] {
    const { first, count } = this;
    return first === undefined ? [] : [finding(this.code, { path: first.file, found: String(first.number), count })];
  }
}
