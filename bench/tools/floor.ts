import { requirePrograms } from './find-program.ts';
import { pipeline, type BenchTool } from './tool.ts';

/**
 * What this machine can do at best: reading every file, and reading and hashing every file, by stock tools on one
 * processor. No backup that reads and hashes can be faster on one.
 */
export function floorTools(): BenchTool[] {
  return [
    floor('floor-read', 'only read (find | xargs cat)', 'cat > /dev/null', []),
    floor('floor-sha256', 'read and SHA-256 (| openssl)', 'openssl dgst -sha256', ['openssl']),
  ];
}

function floor(name: string, label: string, reader: string, programs: string[]): BenchTool {
  return {
    name,
    label,
    ...requirePrograms('find', 'xargs', ...programs),
    backup: (place) => pipeline(`find "$HOST" -type f -print0 | xargs -0 cat | ${reader}`, place),
  };
}
