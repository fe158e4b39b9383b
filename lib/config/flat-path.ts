import { flatKeys } from './flat-keys.ts';
import type { KeyPath } from './settings-text.ts';

/** The place in a flat file of what a nested path speaks of. */
export function flatPath(path: KeyPath): KeyPath {
  for (let length = path.length; length > 0; length -= 1) {
    const nested = path.slice(0, length).join('.');
    for (const [flat, place] of Object.entries(flatKeys)) if (place === nested) return [flat, ...path.slice(length)];
  }
  return path;
}
