import { spawnSync } from 'node:child_process';
import { childEnvironment } from '../../core/child-environment.ts';
import { BackupError } from '../../core/errors.ts';
import { stockTools, type ToolCompression } from './stock-tools.ts';

/** What a codec is wanted for. */
export type ToolUse = 'compress' | 'decompress';

/** What has proven to work, so that the trial costs its few milliseconds once a process. */
const proven = new Set<string>();

/**
 * Makes sure, by a trial on one byte, that the system's program for that compression is there and works.
 * @throws BackupError CODEC_UNAVAILABLE
 */
export function requireTool(compression: ToolCompression, use: ToolUse): void {
  const key = `${compression} ${use}`;
  if (proven.has(key)) return;
  const { program, magic, compress, decompress, sample, package: packageName } = stockTools[compression];
  const isReading = use === 'decompress';
  const { status, stdout } = spawnSync(program, isReading ? decompress : compress(1), {
    input: isReading ? sample : 'x',
    stdio: ['pipe', 'pipe', 'ignore'],
    env: childEnvironment(),
  });
  const expected = isReading ? Buffer.from('x') : magic;
  // There is no output of a program that is not there.
  if (status !== 0 || !stdout.subarray(0, expected.length).equals(expected)) {
    throw new BackupError('CODEC_UNAVAILABLE', {
      codec: compression,
      missing: `the program ${program} (install ${packageName})`,
    });
  }
  proven.add(key);
}
