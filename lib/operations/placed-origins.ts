import type { ManifestEntry, ManifestTarget } from '../store/manifest.ts';
import { targetOf } from '../store/manifest.ts';
import type { PlacedSource } from '../store/restore-instructions.ts';
import { fileSourcesOf } from '../targets/target-definitions.ts';

/**
 * Where the sources of a backup stand in it, told by its entries: what the scan of a project knows is in the manifest as the
 * targets' sources, and each entry's path and origin.
 */
export class PlacedOrigins {
  readonly placed: PlacedSource[] = [];
  private readonly bases: ReadonlyMap<string, readonly string[]>;
  private readonly known = new Set<string>();

  constructor(targets: readonly ManifestTarget[]) {
    this.bases = new Map(targets.map((target) => [target.name, fileSourcesOf(target).map(({ base }) => base)]));
  }

  note({ path, origin, kind }: ManifestEntry): void {
    if (origin === undefined) return;
    // No base is inside of another.
    const base = this.bases.get(targetOf(path))?.find((one) => belowBase(origin, one) !== undefined);
    const below = base === undefined ? undefined : belowBase(origin, base);
    // A source of its own: a database, an access log.
    if (base === undefined || below === undefined || !path.endsWith(below)) return this.place(path, origin, false);
    this.place(path.slice(0, path.length - below.length), base, below !== '' || kind === 'directory');
  }

  private place(path: string, origin: string, isFolder: boolean): void {
    if (this.known.has(path)) return;
    this.known.add(path);
    this.placed.push({ path, origin, isFolder });
  }
}

/** What follows the base in a path of the project, from the slash on; undefined for what is elsewhere. */
function belowBase(origin: string, base: string): string | undefined {
  if (base === '') return `/${origin}`;
  if (!origin.startsWith(base)) return undefined;
  const below = origin.slice(base.length);
  return below === '' || below.startsWith('/') ? below : undefined;
}
