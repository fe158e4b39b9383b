import { privateModes } from '../core/durable-files.ts';
import type { Compression } from './settings.ts';

/** What holds where the settings file says nothing. The schema, the loader and the documentation read it from here. */
export const defaultSettings = {
  enabled: true,
  /**
   * Days. Holds only while neither `retention` nor `maxBackups` is set: a limit nobody asked for must not remove a
   * backup.
   */
  retention: 30,
  maxBackups: 10,
  incremental: { enabled: false, maxIncrementals: 7 },
  storage: {
    type: 'local',
    path: './backups',
    compress: true,
    compression: 'gzip',
    format: 'tar',
    encrypt: false,
    archiveName: '{id}',
    fileMode: octal(privateModes.file),
    folderMode: octal(privateModes.folder),
    allowOthersToWrite: false,
  },
  exclude: ['*.tmp', '__pycache__', '.git', 'node_modules'],
} as const;

/** The levels of each codec, from the lowest to the highest. `none` takes any, so that a codec can be switched off alone. */
export const lowestLevel: Record<Compression, number> = { none: 0, gzip: 1, bzip2: 1, xz: 0, zstd: 1 };
export const highestLevel: Record<Compression, number> = { none: 19, gzip: 9, bzip2: 9, xz: 9, zstd: 19 };

/** What any codec has. */
export const levelBounds = {
  lowest: Math.min(...Object.values(lowestLevel)),
  highest: Math.max(...Object.values(highestLevel)),
};

/** The level where none is set: the codecs' own choice between speed and size. */
export const defaultLevel: Record<Compression, number> = { none: 6, gzip: 6, bzip2: 9, xz: 6, zstd: 3 };

/** Permission bits as people write them: `0600`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
