import { mkdirSync, symlinkSync, writeFileSync, type PathLike } from 'node:fs';
import { dirname, join } from 'node:path';
import { runResidentTool } from './resident-tool.ts';
import { runTool, type Ended, type RunOptions } from './run-tool.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';
import { snapshotTree, type TreeSnapshot } from './tree-snapshot.ts';

/** The store's folder below a project's root, by default. */
export const storeName = 'backups';

/** A host project in a temporary folder, and room beside it. */
export class TestProject {
  /** Holds the project and whatever a test puts beside it. */
  readonly folder: string;
  readonly root: string;
  private readonly ownProcesses: boolean;

  /** @param options.ownProcesses runs each command in a process of its own, not in the one that all tests of a file share. */
  constructor(options: { ownProcesses?: boolean } = {}) {
    this.ownProcesses = options.ownProcesses ?? false;
    this.folder = makeTemporaryFolder('e2e');
    this.root = join(this.folder, 'project');
    mkdirSync(this.root);
  }

  /** An absolute path below the root. */
  path(name: string): string {
    return join(this.root, name);
  }

  /** An absolute path beside the root. */
  beside(name: string): string {
    return join(this.folder, name);
  }

  get store(): string {
    return this.path(storeName);
  }

  /** Writes a file, its folders made where they are missing. */
  write(name: string, content: string | Buffer, mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  link(target: PathLike, name: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    symlinkSync(target, this.path(name));
  }

  /** Writes `config/config.json`. */
  settings(backup: object): void {
    this.write('config/config.json', `${JSON.stringify({ backup }, null, 2)}\n`);
  }

  /** Runs the built tool on this project: `runResidentTool`, which see. */
  tool(...args: string[]): Promise<Ended> {
    return this.toolWith({}, ...args);
  }

  toolWith(options: RunOptions, ...args: string[]): Promise<Ended> {
    const [verb = '', ...rest] = args;
    const command = [verb, '--root', this.root, ...rest];
    return this.ownProcesses ? runTool(command, options) : runResidentTool(command, options);
  }

  /** Runs the tool, expects that it ends well, and gives the document that it prints. */
  async done<T = unknown>(...args: string[]): Promise<T> {
    const ended = await this.tool(...args, '--json');
    if (ended.code !== 0)
      throw new Error(`${args.join(' ')} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
    return ended.json<T>();
  }

  /** Everything in the project but the store. */
  snapshot(): TreeSnapshot {
    return snapshotTree(this.root, [storeName]);
  }

  remove(): void {
    removeTemporaryFolder(this.folder);
  }
}

/** The fields of `create --json` that tests look at. */
export interface Created {
  id: string;
  directory: string;
  archive?: string;
  files: number;
  size: number;
  complete: boolean;
  warnings: Finding[];
}

/** The fields of `restore --json`. */
export interface Restored {
  id: string;
  dryRun: boolean;
  destination: string;
  safetyBackup?: string;
  created: number;
  overwritten: number;
  unchanged: number;
  kept: number;
  deleted: number;
  folders: number;
  bytes: number;
  duration: number;
  actions?: { action: string; path: string; reason?: string }[];
  warnings: Finding[];
}

export interface Verified {
  ok: boolean;
  level: string;
  files: number;
  bytes: number;
  problems: Finding[];
}

export interface Finding {
  code: string;
  path?: string;
  params: Record<string, unknown>;
}
