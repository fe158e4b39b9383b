import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A small fact of an act: never a secret, never what a user typed as it stands. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** What a line says of an act. */
export interface AuditEntry {
  act: string;
  outcome: string;
  user: string;
  host: string;
  /** The backup that it was done with. */
  backup?: string;
  facts?: AuditFacts;
}

/** A line that was read. Anybody may have written it: what it says is shown and compared, and nothing follows from it. */
export interface AuditLine {
  /** Counts from 1, through all files of a log. */
  seq: number;
  /** ISO 8601, UTC. */
  at: string;
  act: string;
  outcome: string;
  user: string;
  host: string;
  backup?: string;
  /** `sha256:` and the hash of the line before it, in hex. */
  prev: string;
  mac?: LineMac;
  /** All else. */
  facts: Record<string, unknown>;
}

/** What a line with a MAC says of the key. */
export interface LineMac {
  /** Hex, of the key: 8 bytes. */
  macSalt: string;
  /** Hex: tells whether a key is the one. It proves nothing. */
  keyCheck: string;
  /** Hex, HMAC-SHA-256. */
  mac: string;
}

/** The key that lines are written with. */
export interface AuditKey {
  macSalt: string;
  keyCheck: string;
  /** 32 bytes. */
  key: Buffer;
}

/** What the first line of a log follows. */
export const noHash = `sha256:${'0'.repeat(64)}`;

/** Longer lines are none of ours, and are not held in memory. */
export const mostLineBytes = 1 << 20;

/** How a line names the one before: of its bytes without the line feed. */
export const hashOf = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A line's text, without its end. The MAC comes last, so that a shell can cut it off again. */
export function formatAuditLine(
  entry: AuditEntry,
  place: { seq: number; at: string; prev: string },
  key?: AuditKey,
): string {
  const { act, outcome, user, host, backup, facts = {} } = entry;
  const { seq, at, prev } = place;
  const own = { seq, at, act, outcome, user, host, ...(backup === undefined ? {} : { backup }) };
  // A fact never takes the place of what every line says.
  return withMac({ ...own, ...facts, ...own, prev }, key);
}

/** JSON on one line, closed by the MAC of it where there is a key. */
export function withMac(value: object, key: AuditKey | undefined): string {
  if (key === undefined) return JSON.stringify(value);
  const { macSalt, keyCheck } = key;
  const text = JSON.stringify({ ...value, macSalt, keyCheck });
  return `${text.slice(0, -1)},"mac":"${macOf(text, key.key)}"}`;
}

const macOf = (text: string | Uint8Array, key: Buffer): string => createHmac('sha256', key).update(text).digest('hex');

const macEnding = /,"mac":"([0-9a-f]{64})"\}$/;
const macEndingBytes = ',"mac":""}'.length + 64;

/** True when the MAC at the end of the text is that of what comes before it. */
export function isMacRight(bytes: Buffer, key: Buffer): boolean {
  const mac = macEnding.exec(bytes.toString('latin1', Math.max(0, bytes.length - macEndingBytes)))?.[1];
  if (mac === undefined) return false;
  const text = Buffer.concat([bytes.subarray(0, bytes.length - macEndingBytes), Buffer.from('}')]);
  return timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(macOf(text, key), 'hex'));
}

const hash = /^sha256:[0-9a-f]{64}$/;

/** The line that the bytes are; undefined for what is no line of an audit log. */
export function parseAuditLine(bytes: Buffer): AuditLine | undefined {
  const value = parseObject(bytes.toString('utf8'));
  if (value === undefined) return undefined;
  const { seq, at, act, outcome, user, host, backup, prev, macSalt, keyCheck, mac, ...facts } = value;
  if (!isCount(seq) || !isText(prev) || !hash.test(prev) || !isText(at) || Number.isNaN(Date.parse(at)))
    return undefined;
  if (!isText(act) || !isText(outcome) || !isText(user) || !isText(host)) return undefined;
  if (backup !== undefined && !isText(backup)) return undefined;
  const own = { seq, at, act, outcome, user, host, prev, facts, ...(backup === undefined ? {} : { backup }) };
  if (mac === undefined) return own;
  return isText(macSalt) && isText(keyCheck) && isText(mac) ? { ...own, mac: { macSalt, keyCheck, mac } } : undefined;
}

/** The object that the text is in JSON; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as Record<string, unknown>) : undefined;
}

const isText = (value: unknown): value is string => typeof value === 'string';
/** Far below the numbers that lose their last digits. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 2 ** 50;
