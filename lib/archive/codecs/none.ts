import { expectSize, type Codec } from './codec.ts';

export const noCodec: Codec = {
  name: 'none',
  ending: '',
  frameBytes: 1 << 20,
  compress: (bytes) => Promise.resolve(Buffer.from(bytes)),
  store: (bytes) => Promise.resolve(Buffer.from(bytes)),
  decompress: (stored, size) =>
    Promise.resolve(Buffer.from(stored.buffer, stored.byteOffset, stored.length)).then(expectSize(size)),
};
