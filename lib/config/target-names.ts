import { loose } from './loose-value.ts';
import { type DefaultTargetName, defaultTargetNames } from './settings.ts';

/** What a name of the user's own must be. */
export const namePhrase = 'a name of letters, digits, "-" and "_"';

/** True for a name that can go into paths, lists of options and dotted keys. Letters are those of any script. */
export function isPlainName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}_-]*$/u.test(name);
}

export function isDefaultTarget(name: string): name is DefaultTargetName {
  return (defaultTargetNames as readonly string[]).includes(name);
}

/** True for a target that is switched off. */
export function isOff(target: unknown): boolean {
  return target === false || loose(target)['enabled'] === false;
}
