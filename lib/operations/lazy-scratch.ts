import { join } from 'node:path';
import type { ScratchFolder } from '../store/scratch-folder.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RunContext } from './run-context.ts';
import { verifyScratch } from './verify-scratch.ts';

/** A scratch folder that is made when it is first needed: most comparisons write nothing. */
export class LazyScratch {
  private readonly context: RunContext;
  private readonly backup: OpenBackup;
  private made: Promise<ScratchFolder> | undefined;
  private remover: (() => void) | undefined;

  constructor(context: RunContext, backup: OpenBackup) {
    this.context = context;
    this.backup = backup;
  }

  async folder(): Promise<string> {
    this.made ??= verifyScratch(this.context, this.backup);
    const scratch = await this.made;
    this.remover = () => scratch.remove();
    return scratch.path;
  }

  async file(name: string): Promise<string> {
    return join(await this.folder(), name);
  }

  remove(): void {
    this.remover?.();
  }
}
