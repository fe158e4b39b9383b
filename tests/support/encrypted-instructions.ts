import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { wrappedKeyOf } from '../../lib/store/sealed-names.ts';
import { run, type Ended } from './run-tool.ts';

/** What a person puts in place of the paths that RESTORE.md shows. */
export interface GivenPaths {
  project: string;
  /** The key file, or the private key. */
  key: string;
}

/**
 * The commands of RESTORE.md, in their order, with a person's paths in them.
 * @param until the heading before which they end; all of them by default.
 */
export function commandsOf(text: string, given: GivenPaths, until?: string): string {
  const part = until === undefined ? text : text.slice(0, text.indexOf(`\n## ${until}\n`));
  const blocks = [...part.matchAll(/^```sh\n(.*?)\n```$/gms)].map((block) => block[1] ?? '');
  return blocks
    .join('\n')
    .replace(/^PROJECT=.*$/m, `PROJECT='${given.project}'`)
    .replace(/^(KEY|KEYFILE|PRIVATE)=\/path\/to\/.*$/m, (_, name: string) => `${name}='${given.key}'`);
}

/** A folder with nothing but the folder of a backup and the archives that it needs. */
export function rescueFolder(folder: string, made: CreateResult, chain: readonly CreateResult[] = [made]): string {
  mkdirSync(folder);
  for (const { archive = '' } of chain) {
    const parts = [archive, ...(existsSync(wrappedKeyOf(archive)) ? [wrappedKeyOf(archive)] : [])];
    execFileSync('cp', ['-a', ...parts, folder]);
  }
  execFileSync('cp', ['-a', made.directory, folder]);
  return folder;
}

/** Does what RESTORE.md says: `sh -e`, in the folder that holds the archive. */
export function followInstructions(
  rescue: string,
  made: CreateResult,
  given: GivenPaths,
  until?: string,
): Promise<Ended> {
  const text = readFileSync(join(rescue, made.id, 'RESTORE.md'), 'utf8');
  mkdirSync(given.project, { recursive: true });
  return run('sh', ['-e', '-c', commandsOf(text, given, until)], { cwd: rescue });
}
