import { readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { pathToBytes, toSystemPath } from './path-bytes.ts';

/**
 * Removes a folder and all that is in it; nothing where there is none. Folders in folders, a thousand deep, are more than
 * Node's own removal, which calls itself for each, takes: an archive of somebody else may make such.
 */
export function removeTree(path: string): void {
  try {
    rmSync(toSystemPath(path), { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    removeDeep(pathToBytes(path));
  }
}

function removeDeep(top: Buffer): void {
  const waiting = [top];
  for (let folder = waiting.at(-1); folder !== undefined; folder = waiting.at(-1)) {
    let isEmpty = true;
    for (const one of readdirSync(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const inside = Buffer.concat([folder, Buffer.from('/'), one.name]);
      if (!one.isDirectory()) unlinkSync(inside);
      else {
        waiting.push(inside);
        isEmpty = false;
      }
    }
    if (!isEmpty) continue;
    rmdirSync(folder);
    waiting.pop();
  }
}
