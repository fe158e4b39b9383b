import type { Compression } from '../config/settings.ts';
import { bzip2Codec } from './codecs/bzip2.ts';
import type { Codec } from './codecs/codec.ts';
import { gzipCodec } from './codecs/gzip.ts';
import { noCodec } from './codecs/none.ts';
import { requireTool, type ToolUse } from './codecs/require-tool.ts';
import { xzCodec } from './codecs/xz.ts';
import { zstdCodec } from './codecs/zstd.ts';

export type { Codec } from './codecs/codec.ts';

/**
 * The codec of that name. Whoever has a codec stops it when nothing is wanted of it any more (`stop`).
 * @param use there are systems whose xz only decompresses: who only reads says so.
 * @throws BackupError CODEC_UNAVAILABLE where this machine does not have what it needs.
 */
export function codecOf(compression: Compression, use: ToolUse = 'compress'): Codec {
  switch (compression) {
    case 'gzip':
      return gzipCodec;
    case 'none':
      return noCodec;
    case 'zstd':
      return zstdCodec();
    case 'bzip2':
      requireTool('bzip2', use);
      return bzip2Codec();
    case 'xz':
      requireTool('xz', use);
      return xzCodec();
  }
}
