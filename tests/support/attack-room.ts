import { expect } from '@jest/globals';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostileTar, hostileZip, type TarPart, type ZipPart } from '../fixtures/hostile-archives.ts';
import { forgeManifest, type ManifestJson } from './forge-manifest.ts';
import { TestProject, type Created } from './make-project.ts';
import type { Ended } from './run-tool.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from './tree-snapshot.ts';

/**
 * Somebody gives a person an archive or a backup, and the person shows, verifies and restores it with the tool. Whatever it
 * holds: what is refused leaves the destination empty, and nothing around it is ever touched.
 */
export class AttackRoom {
  readonly project = new TestProject();
  /** Where an attack would write. */
  readonly outside = this.project.beside('outside');
  /** Where the restore goes; it is not there before. */
  readonly destination = this.project.beside('destination');

  constructor() {
    this.project.write('config/app.json', '{"name": "app"}\n');
    this.project.write('state/queue.json', '[1, 2, 3]\n');
    mkdirSync(join(this.outside, 'state'), { recursive: true });
    for (const name of ['theirs', 'state/queue.json']) writeFileSync(join(this.outside, name), 'untouched');
  }

  remove(): void {
    this.project.remove();
  }

  /** An archive beside the project. */
  give(name: string, bytes: Buffer): string {
    const file = this.project.beside(name);
    writeFileSync(file, bytes);
    return file;
  }

  tar(...parts: (TarPart | Buffer)[]): string {
    return this.give('theirs.tar', hostileTar(...parts));
  }

  zip(...parts: ZipPart[]): string {
    return this.give('theirs.zip', hostileZip(...parts));
  }

  /** A backup of the project, changed by who knows the format; its checksums are right. */
  async forged(change: (lines: ManifestJson[]) => ManifestJson[], ...create: string[]): Promise<Created> {
    const created = await this.project.done<Created>('create', ...create);
    forgeManifest(created.directory, change);
    return created;
  }

  restore(name: string, ...more: string[]): Promise<Ended> {
    return this.project.tool('restore', name, '--yes', '--to', this.destination, ...more);
  }

  /** Shown, verified and restored it is refused with exit code 4 and that reason; nothing is written anywhere. */
  async expectRefused(name: string, reason: RegExp): Promise<void> {
    const before = this.around();
    const shown = await this.project.tool('show', name, '--files');
    const verified = await this.project.tool('verify', name, '--json');
    const restored = await this.restore(name);
    expect([verified.code, restored.code]).toEqual([4, 4]);
    expect(restored.stderr).toMatch(reason);
    // A reason stands in a text of JSON.
    expect((verified.stdout + verified.stderr).replaceAll('\\"', '"')).toMatch(reason);
    expect([0, 4]).toContain(shown.code);
    expect(existsSync(this.destination)).toBe(false);
    this.expectUntouched(before);
  }

  /** It is restored, and nothing but the destination has changed. */
  async expectRestored(name: string): Promise<TreeSnapshot> {
    const before = this.around();
    const restored = await this.restore(name);
    expect([restored.code, restored.stderr.includes('error')]).toEqual([0, false]);
    this.expectUntouched(before);
    return snapshotTree(this.destination);
  }

  /** Everything but the store and the destination. */
  around(): TreeSnapshot {
    const around = snapshotTree(this.project.folder, ['destination', 'project/backups']);
    // Its own time changes where a store or a lock comes to lie in it.
    around.delete('project');
    return around;
  }

  expectUntouched(before: TreeSnapshot): void {
    expect(treeDifferences(before, this.around())).toEqual([]);
  }
}

/** The line of that path, to be changed. */
export const lineOf = (lines: readonly ManifestJson[], path: string): ManifestJson => {
  const line = lines.find((one) => one['path'] === path);
  if (line === undefined) throw new Error(`no entry ${path}`);
  return { ...line };
};

/** A link's line, in the place of a file's. */
export function linkLine(lines: readonly ManifestJson[], path: string, linkTarget: string): ManifestJson {
  const { sha256: _, size: __, at: ___, extents: ____, ...common } = lineOf(lines, 'state/queue.json');
  return { ...common, path, origin: path, kind: 'symlink', linkTarget };
}
