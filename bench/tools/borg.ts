import { join } from 'node:path';
import { requirePrograms } from './find-program.ts';
import type { ChildCommand } from '../measure/measure-child.ts';
import type { BenchTool, Place } from './tool.ts';

/** borg: with its default compression, with zstd as ours, and with encryption as restic always has it. */
export function borgTools(): BenchTool[] {
  return [
    borg('borg-lz4', 'borg lz4', 'lz4', 'none'),
    borg('borg-zstd', 'borg zstd,3', 'zstd,3', 'none'),
    borg('borg-encrypted', 'borg zstd,3 repokey', 'zstd,3', 'repokey-blake2'),
  ];
}

function borg(name: string, label: string, compression: string, encryption: string): BenchTool {
  const command = (place: Place, cwd: string, ...argv: string[]): ChildCommand => ({
    argv: ['borg', ...argv],
    cwd,
    environment: {
      // Keys, caches and the list of known repositories stay in the benchmark's own folder.
      BORG_BASE_DIR: join(place.store, '..', 'borg-base'),
      BORG_PASSPHRASE: 'benchmark',
      BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes',
      BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes',
    },
  });
  const archive = (place: Place, index: number): string => `${place.store}::backup-${index}`;
  const create = (place: Place, index: number): ChildCommand =>
    command(place, place.host, 'create', '--compression', compression, archive(place, index), '.');
  return {
    name,
    label,
    ...requirePrograms('borg'),
    begin: (place, run) => run(command(place, place.host, 'init', '--encryption', encryption, place.store)),
    backup: create,
    next: create,
    restore: (place, index) => command(place, place.destination, 'extract', archive(place, index)),
    verify: (place) => command(place, place.host, 'check', '--verify-data', place.store),
    list: (place) => command(place, place.host, 'list', place.store),
  };
}
