import { readFileSync } from 'node:fs';
import { isSystemError, systemCode } from '../core/errors.ts';
import { finding, type Finding } from '../core/findings.ts';
import { toSystemPath } from '../core/path-bytes.ts';

/** Reads small text files of the project; one that cannot be read is reported, one that vanished is skipped. */
export function readTextFiles(
  root: string,
  origins: readonly string[],
  target: string,
  report: (finding: Finding) => void,
): { origin: string; text: string }[] {
  return origins.flatMap((origin) => {
    try {
      return [{ origin, text: readFileSync(toSystemPath(`${root}/${origin}`), 'utf8') }];
    } catch (error) {
      const reason = systemCode(error);
      if (reason === undefined) throw error;
      if (!isSystemError(error, 'ENOENT')) report(finding('file-unreadable', { path: origin, target, reason }));
      return [];
    }
  });
}
