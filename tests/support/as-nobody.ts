import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, type Ended, type RunOptions } from './run-tool.ts';
import { toolFile } from './start-tool.ts';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;

/** Runs the built tool as a user whom permissions bind: they do not bind root. Others are such a user themselves. */
export function runAsNobody(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  if (!isRoot) return run(process.execPath, [toolFile, ...args], options);
  const become = ['--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];
  return run('setpriv', [...become, process.execPath, toolFile, ...args], options);
}

/** Gives a folder and all that is in it to that user. */
export function giveToNobody(path: string): void {
  if (!isRoot) return;
  chownSync(path, nobody, nobody);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) {
    const child = join(path, name);
    if (!lstatSync(child).isSymbolicLink()) giveToNobody(child);
  }
}

/** Lets others pass through the folder that `mkdtemp` made for its owner alone. */
export function openToAll(folder: string): void {
  chmodSync(folder, 0o755);
}
