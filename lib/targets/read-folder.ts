import { constants, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { isNativeError } from 'node:util/types';
import { isSystemError, systemCode } from '../core/errors.ts';
import { decodePath, toSystemPath } from '../core/path-bytes.ts';

export interface Names {
  names: string[];
  /** True when none of them holds a byte that is not UTF-8. */
  isPlain: boolean;
}

/** The names in a folder, in order, in the toolkit's string form. */
export function readNames(absolute: string): string[] {
  return namesIn(absolute).names;
}

/** The order is that of UTF-16 code units, which is the one that `sort` has by itself. */
export function namesIn(absolute: string): Names {
  const system = toSystemPath(absolute);
  const names = readdirSync(system).sort();
  // U+FFFD stands where bytes were not UTF-8 (or, rarely, where a name really holds it): read the bytes themselves.
  if (!names.some((name) => name.includes('\ufffd'))) return { names, isPlain: true };
  return { names: readdirSync(system, 'buffer').map(decodePath).sort(), isPlain: false };
}

const wholeNumbers = { bigint: true } as const;

/** The file's state; undefined when it vanished; the error when it could not be looked at. */
export function statOf(absolute: string): BigIntStats | Error | undefined {
  return lookAt(toSystemPath(absolute));
}

/** The same for a path that holds no byte that is not UTF-8. */
export function statOfPlain(absolute: string): BigIntStats | Error | undefined {
  return lookAt(absolute);
}

function lookAt(system: string | Buffer): BigIntStats | Error | undefined {
  try {
    return lstatSync(system, wholeNumbers);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (systemCode(error) === undefined || !isNativeError(error)) throw error;
    return error;
  }
}

export function linkTargetOf(absolute: string): string | undefined {
  try {
    return decodePath(readlinkSync(toSystemPath(absolute), 'buffer'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'EINVAL')) return undefined;
    throw error;
  }
}

/** One of the `S_IF…` constants: one look at the mode, where each `is…()` is arithmetic with large integers. */
export const kindOf = (stat: BigIntStats): number => Number(stat.mode) & constants.S_IFMT;
