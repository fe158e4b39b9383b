import { join, relative, sep } from 'node:path';
import * as zlib from 'node:zlib';
import { checkGitIgnore } from '../monitor/check-git-ignore.ts';
import { checkNode } from '../monitor/check-node.ts';
import { checkPrograms } from '../monitor/check-programs.ts';
import { checkSqliteLibrary } from '../monitor/check-sqlite.ts';
import type { HealthCheck } from '../monitor/health-check.ts';
import { realPlace } from './destination-folder.ts';
import { checkCoverage } from './doctor-coverage.ts';
import { checkKeys } from './doctor-keys.ts';
import { checkLeftovers } from './doctor-leftovers.ts';
import { checkPermissions } from './doctor-permissions.ts';
import { checkLastBackup, checkSpace, checkStore } from './doctor-store.ts';
import type { RunContext } from './run-context.ts';

export interface Examination {
  /** False where there is a problem; warnings alone are none. */
  ok: boolean;
  checks: HealthCheck[];
}

/**
 * Looks over an installation: what it runs on, the store, the keys, and what of the project no target holds. Only `repair` changes
 * anything: the modes of what the toolkit made in the store.
 * @throws BackupError INTERRUPTED
 */
export async function examineInstallation(
  context: RunContext,
  { repair = false }: { repair?: boolean } = {},
): Promise<Examination> {
  const { settings, environment } = context;
  const { compression, encrypt, format, path } = settings.storage;
  const codec = format === 'tar' ? compression : 'none';
  const sqlite = checkSqliteLibrary();
  // First, for a folder that is closed to its owner hides what is in it.
  const permissions = checkPermissions(context, repair);
  const store = await checkStore(context);
  const keys = await checkKeys(context);
  const { root } = settings;
  const git = await checkGitIgnore({
    root,
    environment,
    store: below(root, path),
    keyFiles: [...new Set(keys.files)].flatMap((file) => below(root, file) ?? []),
  });
  const checks = [
    ...checkNode(process.versions.node, 'zstdCompress' in zlib, codec),
    ...sqlite,
    ...checkPrograms({ compression: codec, isEncrypted: encrypt, environment }),
    ...store.checks,
    ...permissions,
    ...checkSpace(context, store.listing),
    ...keys.checks,
    ...git,
    ...(await checkCoverage(context, keys.keepsSecrets)),
    // Without the library, nobody can tell what is in use.
    ...(sqlite.every((one) => one.status === 'ok') ? await checkLeftovers(context) : []),
    ...checkLastBackup(context, store.listing),
  ];
  return { ok: checks.every((one) => one.status !== 'problem'), checks };
}

/** The path below the root, with `/`; undefined for what lies elsewhere. */
function below(root: string, path: string): string | undefined {
  const name = relative(realPlace(root), realPlace(path));
  if (name === '' || name === '..' || name.startsWith(`..${sep}`) || name.startsWith(join('/', ''))) return undefined;
  return name.split(sep).join('/');
}
