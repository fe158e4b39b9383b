import { createCipheriv, createHash } from 'node:crypto';
import type { HostWriter } from './dated-file.ts';
import { seededRandom } from './seeded-random.ts';

const leastBytes = 1_000_000;
const mostBytes = 8_000_000;

/** Writes `bytes` bytes of uploads that no codec can shrink, in files of 1 to 8 MB (the last one takes what is left). */
export function buildUploads(writer: HostWriter, bytes: number, seed: number): void {
  const random = seededRandom(seed, 'uploads');
  // A cipher's keystream is as incompressible as a photograph's data, the same in every run, and fast to make.
  const key = createHash('sha256').update(`uploads of host ${seed}`).digest();
  const keystream = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = bytes, index = 0; left > 0; index += 1) {
    const size = Math.min(left, random.between(leastBytes, mostBytes));
    const content = keystream.update(Buffer.alloc(size));
    writer.write(`data/uploads/upload-${String(index).padStart(3, '0')}.bin`, content, random.below(180 * 1440));
    left -= size;
  }
}
