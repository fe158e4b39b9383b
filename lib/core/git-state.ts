import { execFile } from 'node:child_process';
import { childEnvironment } from './child-environment.ts';
import { maskText } from './mask-secrets.ts';

export interface GitState {
  commit: string;
  /** Absent on a detached head. */
  branch?: string;
  /** True when tracked files differ from the commit. */
  dirty: boolean;
}

const timeoutMs = 5000;

/**
 * The project's commit, or undefined where there is none, no git, or no answer in five seconds: it is a remark only.
 */
export function readGitState(
  root: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<GitState | undefined> {
  return new Promise((resolve) => {
    execFile(
      'git',
      ['-C', root, 'status', '--porcelain=v2', '--branch', '--untracked-files=no'],
      // Without the optional locks, a backup never stands in the way of a commit.
      {
        timeout: timeoutMs,
        maxBuffer: 64 << 20,
        env: { ...childEnvironment(environment), GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
      },
      (error, stdout) => resolve(error === null ? parse(stdout) : undefined),
    );
  });
}

function parse(text: string): GitState | undefined {
  const lines = text.split('\n');
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`# ${key} `))?.slice(key.length + 3);
  const commit = value('branch.oid');
  if (commit === undefined || commit === '(initial)') return undefined;
  const branch = value('branch.head');
  const dirty = lines.some((line) => line !== '' && !line.startsWith('#'));
  return { commit, ...(branch === undefined || branch === '(detached)' ? {} : { branch: maskText(branch) }), dirty };
}
