import type { StorageSettings } from '../config/settings.ts';
import type { ManifestHeader } from '../store/manifest.ts';
import { formatVersion } from '../store/metadata.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import type { Base } from './open-base.ts';

/**
 * The first line of a new backup's manifest.
 * @param made.archive the name of its archive; absent for a plain tree.
 * @param made.base the backup that it builds on.
 * @param made.salt hex, of its archive where that is encrypted.
 */
export function manifestHeader(
  backup: string,
  storage: StorageSettings,
  targets: readonly TargetDefinition[],
  { archive, base, salt }: { archive: string | undefined; base: Base | undefined; salt?: string },
): ManifestHeader {
  const encryption = salt === undefined ? {} : { encryption: { salt } };
  return {
    manifest: formatVersion,
    backup,
    layout: storage.format,
    compression: storage.compression,
    archives: archive === undefined ? [] : [{ backup, file: archive, ...encryption }, ...(base?.archives ?? [])],
    // Lines of the base are taken over as they are, and name no owner where it is this one.
    owner: base?.manifest.header.owner ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    targets: targets.map(({ name, sources, exclude }) => ({ name, sources, exclude })),
  };
}
