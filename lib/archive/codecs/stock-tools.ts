/** The compressions that a program of the system does. */
export type ToolCompression = 'bzip2' | 'xz';

export interface ToolDescription {
  /** Its name, looked for on PATH. */
  program: string;
  /** The package that has it, on Debian and most other systems. */
  package: string;
  /** The bytes that everything it compresses begins with. */
  magic: Buffer;
  compress(level: number): string[];
  decompress: string[];
  /** One byte, `x`, compressed: what the program has to unpack to be taken for what it is called. */
  sample: Buffer;
}

/**
 * The size of a frame, and the largest dictionary: from level 5 on, xz would take one of 8 to 64 MiB, twice the memory,
 * and store no byte less.
 */
export const xzFrameBytes = 4 << 20;

/*
 * Options for writing are spelled out, so that XZ_OPT and XZ_DEFAULTS change nothing that matters. Those for reading are
 * the two that every xz knows, BusyBox's as well.
 */
export const stockTools: Record<ToolCompression, ToolDescription> = {
  bzip2: {
    program: 'bzip2',
    package: 'bzip2',
    magic: Buffer.from('BZh'),
    compress: (level) => ['-z', '-c', `-${level}`],
    decompress: ['-d', '-c'],
    sample: Buffer.from('QlpoOTFBWSZTWXdLsBQAAAAAgABAIAAhGEaC7kinChIO6XYCgA==', 'base64'),
  },
  xz: {
    program: 'xz',
    package: 'xz-utils',
    magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]),
    compress: (level) => [
      '-z',
      '-c',
      '--format=xz',
      // The check that every decoder knows. Hashes of frames and entries stand in the manifest.
      '--check=crc32',
      '--threads=1',
      level < 5 ? `-${level}` : `--lzma2=preset=${level},dict=${xzFrameBytes}`,
    ],
    decompress: ['-d', '-c'],
    sample: Buffer.from('/Td6WFoAAAFpIt42AgAhARYAAAB0L+WjAQAAeAAAAACDFtyMAAEVAaljNGCQQpkNAQAAAAABWVo=', 'base64'),
  },
};
