import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first of the programs that is not on the search path, or undefined when all are. */
export function missingProgram(...names: string[]): string | undefined {
  return names.find((name) => !isOnPath(name));
}

function isOnPath(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      // Whatever keeps it from being run here, the next folder may have it.
      return false;
    }
  });
}

/** The `missing` field of a tool that needs these programs, to be spread into it. */
export function requirePrograms(...names: string[]): { missing?: string } {
  const missing = missingProgram(...names);
  return missing === undefined
    ? {}
    : { missing: `${missing} is not installed (for example: apt-get install ${missing})` };
}
