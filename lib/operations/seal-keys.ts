import { createHash } from 'node:crypto';

/**
 * The salt of all keys of a store that are no file's: those of MACs, fingerprints, the audit log. It is no secret. The same for
 * every backup of a store, so that a secret is stretched once for all of them; another for each store, so that nobody
 * stretches a list of passwords once for all stores of the world. What is made with it names it: a store may be moved.
 * @returns 8 bytes: `openssl enc -S … -P` takes so many, so that a shell derives the same without the secret in its arguments.
 */
export function storeSalt(host: string, storePath: string): Buffer {
  return createHash('sha256').update(`ai-backup store salt v1\0${host}\0${storePath}`).digest().subarray(0, 8);
}
