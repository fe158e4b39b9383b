import { rmSync } from 'node:fs';

/** What the names of encrypted files end with. */
export const sealedEnding = '.enc';

/** In a backup's folder: the backup's secret, wrapped to each recipient. */
export const wrappedKeyFile = 'wrapped.key';

/** The same beside an archive, so that the two files alone are enough. */
export const wrappedKeyOf = (archive: string): string => `${archive}.key`;

/** The manifest's name in a backup's folder. */
export const manifestName = (isSealed: boolean): string => `manifest.jsonl.gz${isSealed ? sealedEnding : ''}`;

/** Removes an archive, and the wrapped secret beside it. */
export function removeArchive(archive: string): void {
  rmSync(archive, { force: true });
  rmSync(wrappedKeyOf(archive), { force: true });
}
