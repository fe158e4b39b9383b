import type { SeedStyle } from './seed-backups.ts';

/** Encrypted stores to begin with: the key is in `environment`, which whoever runs the tool on them is given as well. */
export const encryptedSeeds: readonly SeedStyle[] = [];
