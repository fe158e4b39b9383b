import { ForeignDamage } from './foreign-stream.ts';

/**
 * The records of one pax extended header; values are bytes, because a path need not be UTF-8 and may hold a newline.
 */
export type PaxRecords = Map<string, Buffer>;

const space = 0x20;
const newline = 0x0a;
const equals = 0x3d;

/**
 * Reads `<length> <key>=<value>\n` records by their lengths (POSIX.1-2017, pax, "pax Header Block"). The `tar`
 * package's own parser goes by lines, loses a name with a newline in it, and decodes bytes that are not UTF-8.
 * @throws ForeignDamage where a record does not end where it says.
 */
export function readPax(body: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  for (let at = 0; at < body.length;) {
    const keyAt = body.indexOf(space, at) + 1;
    const digits = body.toString('latin1', at, Math.max(at, keyAt - 1));
    const end = at + Number(digits);
    const valueAt = body.indexOf(equals, keyAt) + 1;
    const isWhole = /^[1-9][0-9]{0,9}$/.test(digits) && end <= body.length && body[end - 1] === newline;
    if (!isWhole || valueAt <= keyAt || valueAt > end - 1) throw new ForeignDamage('a pax header is malformed');
    records.set(body.toString('utf8', keyAt, valueAt - 1), body.subarray(valueAt, end - 1));
    at = end;
  }
  return records;
}

/**
 * A whole number of a record, or undefined where the record is missing.
 * @throws ForeignDamage where it is no such number.
 */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const text = records.get(key)?.toString('latin1');
  if (text === undefined || text === '') return undefined;
  const number = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(number))
    throw new ForeignDamage(`a pax header names no valid ${key}`);
  return number;
}

/** A time in nanoseconds: pax writes seconds with as many decimals as it likes. */
export function paxTimeNs(records: PaxRecords, key: string): bigint | undefined {
  const text = records.get(key)?.toString('latin1');
  if (text === undefined || text === '') return undefined;
  const [, sign, seconds, decimals = ''] = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text) ?? [];
  if (seconds === undefined) throw new ForeignDamage(`a pax header names no valid ${key}`);
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(decimals.slice(0, 9).padEnd(9, '0'));
  return sign === '-' ? -ns : ns;
}
