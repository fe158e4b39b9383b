import { health, type HealthCheck } from './health-check.ts';

/** As package.json's `engines` says; a test holds it to that. */
export const oldestNode = '20.19';

/**
 * Is this Node one that the toolkit runs on, and does it compress as the settings ask?
 * @param version `process.versions.node`.
 */
export function checkNode(version: string, hasZstd: boolean, compression: string): HealthCheck[] {
  if (isOlder(version, oldestNode)) return [health('node', 'problem', 'node-too-old', { version, needed: oldestNode })];
  if (compression === 'zstd' && !hasZstd) return [health('node', 'problem', 'zstd-missing', { version })];
  return [health('node', 'ok', 'node-fits', { version, hasZstd })];
}

function isOlder(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [neededMajor = 0, neededMinor = 0] = needed.split('.').map(Number);
  return major < neededMajor || (major === neededMajor && minor < neededMinor);
}
