import type { FuzzTarget } from './fuzz-case.ts';
import { selfCheckTargets } from './targets/self-check.ts';
import { embeddedTarget } from './targets/embedded.ts';
import { encryptedBackupTarget } from './targets/encrypted-backup.ts';
import { foreignTarTarget } from './targets/foreign-tar.ts';
import { framesTarget } from './targets/frames.ts';
import { manifestTarget } from './targets/manifest.ts';
import { metadataTarget } from './targets/metadata.ts';
import { wholeBackupTarget } from './targets/whole-backup.ts';
import { zipTarget } from './targets/zip.ts';

/** Everything that takes what others made. */
export const fuzzTargets: readonly FuzzTarget[] = [
  metadataTarget,
  manifestTarget,
  foreignTarTarget,
  zipTarget,
  framesTarget,
  embeddedTarget,
  wholeBackupTarget,
  encryptedBackupTarget,
];

export function targetCalled(name: string): FuzzTarget {
  const found = [...fuzzTargets, ...selfCheckTargets].find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no target ${name}`);
  return found;
}
