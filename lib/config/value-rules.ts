import { unsafeReason } from '../core/safe-path.ts';
import { plainPath } from './plain-path.ts';

/** True for a path or glob of a target that stays in the project. */
export function isProjectPath(path: string): boolean {
  if (isSwitchInQuotes(path)) return false;
  const plain = plainPath(path);
  return plain === '.' || (unsafeReason(plain) === undefined && plain !== '~' && !plain.startsWith('~/'));
}

/** True where somebody meant `true` or `false`, and wrote a text. */
export const isSwitchInQuotes = (path: string): boolean => path === 'true' || path === 'false';

/** True for permission bits as an octal text, which let the owner do what is `needed`. */
export const isPermissionBits = (mode: string, needed: number): boolean =>
  /^0?[0-7]{3}$/.test(mode) && (Number.parseInt(mode, 8) & needed) === needed;

/** True for the IANA name of a time zone. */
export function isTimeZone(name: string): boolean {
  // Node also takes offsets such as +09:00 here; they have no daylight saving and are no names.
  if (/^[+-]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
