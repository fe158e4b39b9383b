import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import type { EnvFile } from '../core/env-file.ts';
import { isSystemError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { toSystemPath } from '../core/path-bytes.ts';

/** A larger one is no list of variables, whatever its name is. */
export const mostEnvFileBytes = 4 << 20;

/**
 * Reads `.env` files of a project; one that cannot be read, or is larger than 4 MiB, is reported, one that vanished is
 * skipped. None is read through a link.
 */
export function readEnvFiles(
  root: string,
  origins: readonly string[],
  target: string,
  report: (finding: Finding) => void,
): EnvFile[] {
  return origins.flatMap((origin) => {
    try {
      const file = readEnvFile(`${root}/${origin}`);
      if (file !== 'too-large') return [{ origin, ...file }];
      report(finding('file-unreadable', { path: origin, target, reason: 'EFBIG' }));
    } catch (error) {
      const reason = systemCode(error);
      if (reason === undefined) throw error;
      if (!isSystemError(error, 'ENOENT', 'ENOTDIR')) {
        report(finding('file-unreadable', { path: origin, target, reason }));
      }
    }
    return [];
  });
}

/** @throws the system's error: ELOOP for a link. */
export function readEnvFile(path: string): Omit<EnvFile, 'origin'> | 'too-large' {
  const fd = openSync(toSystemPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { mode, uid, gid, size } = fstatSync(fd);
    if (size > mostEnvFileBytes) return 'too-large';
    return { mode: mode & 0o777, uid, gid, bytes: readFileSync(fd) };
  } finally {
    closeSync(fd);
  }
}
