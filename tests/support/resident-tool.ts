import { afterAll } from '@jest/globals';
import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ended, runTool, shellEnvironment, type Ended, type RunOptions } from './run-tool.ts';

/**
 * Runs the built tool in a process that stays for all tests of a file: the same commands, streams and exit codes, without
 * the third of a second that each process needs to load the tool. What is about processes themselves (their start, their
 * end, signals, terminals, memory) runs in one of its own, by `runTool` or `startTool`; so does a command that is run while
 * another one is at work.
 */
export async function runResidentTool(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  if (resident?.isBusy === true) return runTool(args, options);
  if (resident?.isEnded !== false) resident = new ResidentTool();
  return resident.run(args, options);
}

let resident: ResidentTool | undefined;

afterAll(() => {
  resident?.stop();
  resident = undefined;
});

/** One such process. Its caller stops it. */
export class ResidentTool {
  isBusy = false;
  private readonly stdout = openUnnamedFile();
  private readonly stderr = openUnnamedFile();
  private readonly child: ChildProcess;

  constructor() {
    this.child = fork(fileURLToPath(new URL('./resident-tool-main.mjs', import.meta.url)), {
      execArgv: [],
      env: shellEnvironment(),
      stdio: ['ignore', this.stdout, this.stderr, 'ipc'],
    });
    this.child.unref();
    this.child.channel?.unref();
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    this.isBusy = true;
    this.child.channel?.ref();
    try {
      const env = { ...shellEnvironment(), ...options.env };
      const code = await new Promise<number>((resolve, reject) => {
        const stopped = (): void => reject(new Error(`the tool's process ended: ${takeText(this.stderr)}`));
        this.child.once('exit', stopped);
        this.child.once('message', (message) => {
          this.child.off('exit', stopped);
          resolve((message as { code: number }).code);
        });
        this.child.send({ args, cwd: options.cwd ?? process.cwd(), env, umask: options.umask ?? process.umask() });
      });
      return ended(code, takeText(this.stdout), takeText(this.stderr));
    } finally {
      this.isBusy = false;
      this.child.channel?.unref();
    }
  }

  /** A process that ended in the midst of a command takes no other. */
  get isEnded(): boolean {
    return !this.child.connected;
  }

  stop(): void {
    if (!this.isEnded) this.child.disconnect();
    closeSync(this.stdout);
    closeSync(this.stderr);
  }
}

/** A file that only its descriptor leads to. What is written is added at its end. */
function openUnnamedFile(): number {
  const folder = mkdtempSync(join(tmpdir(), 'ai-backup-streams-'));
  try {
    return openSync(join(folder, 'stream'), 'a+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads all of it, and empties it. */
function takeText(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, bytes, 0, bytes.length, 0);
  ftruncateSync(fd);
  return bytes.toString('utf8');
}
