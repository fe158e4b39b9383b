import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Lets Node keep what it compiled of the tool for the next command, where it can (22.1 and newer). In the user's own
 * cache folder: in the one for temporary files, which is Node's choice, others could put code there for us to run. A
 * folder that cannot be written to is no fault.
 */
export function keepCompiled(environment: Readonly<Record<string, string | undefined>>): void {
  const enable = Reflect.get(nodeModule, 'enableCompileCache') as ((folder: string) => unknown) | undefined;
  if (enable === undefined || environment.NODE_COMPILE_CACHE !== undefined) return;
  const caches = environment.XDG_CACHE_HOME?.startsWith('/') === true ? environment.XDG_CACHE_HOME : homeCaches();
  if (caches !== undefined) enable(join(caches, 'ai-backup', 'compiled'));
}

function homeCaches(): string | undefined {
  const home = homedir();
  // A service may run without one.
  return home.startsWith('/') && home !== '/' ? join(home, '.cache') : undefined;
}
