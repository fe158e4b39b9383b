import { execFile } from 'node:child_process';
import { childEnvironment } from '../core/child-environment.ts';
import { health, type HealthCheck } from './health-check.ts';

/** What git must not take in: paths below the project root. */
export interface KeptOutOfGit {
  root: string;
  /** Undefined where the store lies outside of the project. */
  store: string | undefined;
  keyFiles: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
}

/** Files of a store that must all be ignored before the store counts as ignored. */
const filesOfStore = ['audit.log', 'backup-x.tar.gz', 'backup-x/metadata.json', 'backup-x/database/app.db'];
const timeoutMs = 5000;

/** Do git's rules, wherever they stand, keep the store and the keys out of the repository? A file that is tracked is not kept out. */
export async function checkGitIgnore(asked: KeptOutOfGit): Promise<HealthCheck[]> {
  const ofStore = asked.store === undefined ? [] : filesOfStore.map((file) => `${asked.store}/${file}`);
  const paths = [...ofStore, ...asked.keyFiles];
  const ignored = paths.length === 0 ? new Set<string>() : await ignoredOf(asked, paths);
  if (ignored === undefined) return [health('git', 'ok', 'git-none', {})];
  const checks: HealthCheck[] = [];
  if (!ofStore.every((path) => ignored.has(path))) {
    checks.push(health('git', 'warning', 'store-in-git', { path: `${asked.store}/` }));
  }
  for (const path of asked.keyFiles) {
    if (!ignored.has(path)) checks.push(health('git', 'problem', 'key-in-git', { path }));
  }
  return checks.length > 0 ? checks : [health('git', 'ok', 'git-ignores', {})];
}

/** Those of the paths that git ignores; undefined where there is no git, or no repository. */
function ignoredOf({ root, environment }: KeptOutOfGit, paths: readonly string[]): Promise<Set<string> | undefined> {
  return new Promise((resolve) => {
    const child = execFile(
      'git',
      ['-C', root, 'check-ignore', '--stdin', '-z'],
      { timeout: timeoutMs, env: { ...childEnvironment(environment), LC_ALL: 'C' } },
      (error, stdout) => {
        // 1: none of them is.
        if (error !== null && error.code !== 1) resolve(undefined);
        else resolve(new Set(stdout.split('\0').filter((path) => path !== '')));
      },
    );
    // Where there is no git, its end says so.
    child.stdin?.on('error', () => undefined).end(paths.join('\0'));
  });
}
