import type { Codec } from './codec.ts';
import { stockTools } from './stock-tools.ts';
import { ToolFrames } from './tool-frames.ts';

/**
 * Two blocks of level 9, which are 900,000 bytes less 19 each, in whole blocks of tar: a third, small block would cost
 * more than it holds.
 */
const frameBytes = 3515 * 512;

/** The system's bzip2. Whoever asks for it has made sure that it is there. */
export function bzip2Codec(): Codec {
  const frames = new ToolFrames('bzip2');
  return {
    name: 'bzip2',
    ending: '.bz2',
    frameBytes,
    compress: (bytes, level) => frames.compress(bytes, level),
    // bzip2 has no way to leave bytes as they are; its smallest blocks are sorted fastest.
    store: (bytes) => frames.compress(bytes, 1),
    decompress: (stored, size) => frames.decompress(stored, size),
    magic: stockTools.bzip2.magic,
    stop: () => frames.stop(),
  };
}
