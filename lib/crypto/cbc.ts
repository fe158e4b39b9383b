import type CryptoJS from 'crypto-js';
import type { FileKey } from './derive-keys.ts';

/**
 * AES-256-CBC with the padding of PKCS #7, by crypto-js. It is loaded where it is used: most runs encrypt no `.env`.
 */
export async function encryptCbc({ key, iv }: FileKey, bytes: Buffer): Promise<Buffer> {
  const { AES, words } = await load();
  return bytesOf(AES.encrypt(words(bytes), words(key), { iv: words(iv) }).ciphertext);
}

/** Undefined where the padding is none: with another key, in most cases. */
export async function decryptCbc({ key, iv }: FileKey, ciphertext: Buffer): Promise<Buffer | undefined> {
  if (ciphertext.length === 0 || ciphertext.length % 16 !== 0) return undefined;
  const { AES, words, params } = await load();
  const plain = AES.decrypt(params(words(ciphertext)), words(key), { iv: words(iv) });
  // crypto-js takes off as many bytes as the last one says, whatever it says.
  const padding = ciphertext.length - plain.sigBytes;
  return padding >= 1 && padding <= 16 ? bytesOf(plain) : undefined;
}

type Words = CryptoJS.lib.WordArray;

interface Loaded {
  AES: typeof CryptoJS.AES;
  words: (bytes: Buffer) => Words;
  params: (ciphertext: Words) => CryptoJS.lib.CipherParams;
}

async function load(): Promise<Loaded> {
  const { default: AES } = await import('crypto-js/aes.js');
  const { default: core } = await import('crypto-js/core.js');
  return {
    AES,
    words: (bytes) => core.lib.WordArray.create(wordsOf(bytes), bytes.length),
    params: (ciphertext) => core.lib.CipherParams.create({ ciphertext }),
  };
}

/** Its words are big-endian, of 32 bits. */
function wordsOf(bytes: Buffer): number[] {
  const whole = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
  bytes.copy(whole);
  return Array.from({ length: whole.length / 4 }, (_, at) => whole.readInt32BE(at * 4));
}

function bytesOf({ words, sigBytes }: Words): Buffer {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [at, word] of words.entries()) bytes.writeInt32BE(word, at * 4);
  return bytes.subarray(0, sigBytes);
}
