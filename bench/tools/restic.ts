import { requirePrograms } from './find-program.ts';
import type { ChildCommand } from '../measure/measure-child.ts';
import type { BenchTool, Place } from './tool.ts';

/** restic with its own defaults. `--no-cache`: a cache of a repository on tmpfs would only be a second writing. */
export function resticTool(): BenchTool {
  const restic = (place: Place, ...argv: string[]): ChildCommand => ({
    argv: ['restic', '--no-cache', '--quiet', '--repo', place.store, ...argv],
    cwd: place.host,
    environment: { RESTIC_PASSWORD: 'benchmark' },
  });
  return {
    name: 'restic',
    label: 'restic',
    ...requirePrograms('restic'),
    begin: (place, run) => run(restic(place, 'init')),
    // Of `.`, restic keeps the paths below it, so that a restore has no /dev/shm/… in it.
    backup: (place) => restic(place, 'backup', '.'),
    next: (place) => restic(place, 'backup', '.'),
    restore: (place) => restic(place, 'restore', 'latest', '--target', place.destination),
    verify: (place) => restic(place, 'check', '--read-data'),
    list: (place) => restic(place, 'snapshots'),
  };
}
