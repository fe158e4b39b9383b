import { writeFileSync } from 'node:fs';
import { rsaPair } from './rsa-keys.ts';

/** Writes `NAME.private.pem` and `NAME.public.pem`, as `keys generate --rsa` does, of a length that is made at once. */
export function makeKeyPair(name: string, bits = 2048): void {
  const { privateKey, publicKey } = rsaPair(bits, name.slice(name.lastIndexOf('/') + 1));
  writeFileSync(`${name}.private.pem`, privateKey, { mode: 0o600 });
  writeFileSync(`${name}.public.pem`, publicKey);
}
