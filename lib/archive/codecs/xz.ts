import type { Codec } from './codec.ts';
import { stockTools, xzFrameBytes } from './stock-tools.ts';
import { ToolFrames } from './tool-frames.ts';
import { storedXz } from './xz-stored.ts';

/** The system's xz. Whoever asks for it has made sure that it is there. */
export function xzCodec(): Codec {
  const frames = new ToolFrames('xz');
  return {
    name: 'xz',
    ending: '.xz',
    frameBytes: xzFrameBytes,
    compress: (bytes, level) => frames.compress(bytes, level),
    store: (bytes) => Promise.resolve(storedXz(bytes)),
    decompress: (stored, size) => frames.decompress(stored, size),
    magic: stockTools.xz.magic,
    stop: () => frames.stop(),
  };
}
