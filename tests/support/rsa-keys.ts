import { generateKeyPairSync } from 'node:crypto';

/** Both halves of a key, in PEM. */
export interface PemPair {
  publicKey: string;
  privateKey: string;
}

const publicKeyEncoding = { type: 'spki', format: 'pem' } as const;
const privateKeyEncoding = { type: 'pkcs8', format: 'pem' } as const;

const made = new Map<string, PemPair>();

/** A pair of RSA keys; the same one for the same name, as large ones take seconds to make. */
export function rsaPair(bits: number, name = ''): PemPair {
  const known = made.get(`${bits} ${name}`);
  if (known !== undefined) return known;
  const pair = generateKeyPairSync('rsa', { modulusLength: bits, publicKeyEncoding, privateKeyEncoding });
  made.set(`${bits} ${name}`, pair);
  return pair;
}

/** A pair that nothing can be wrapped to. */
export const ecPair = (): PemPair =>
  generateKeyPairSync('ec', { namedCurve: 'prime256v1', publicKeyEncoding, privateKeyEncoding });
