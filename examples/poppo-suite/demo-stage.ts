import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import picocolors from 'picocolors';

const here = dirname(fileURLToPath(import.meta.url));
export const toolkitFolder = join(here, '..', '..');

/** Colours for a person at a terminal only: the library alone would also colour a log of CI. */
export const pc = picocolors.createColors(Boolean(process.stdout.isTTY) && process.env.NO_COLOR === undefined);

/** A proof did not hold. */
export class ProofFailed extends Error {}

/**
 * Where the demo plays: prints its steps, starts its processes and ends them, whatever happens. `signal` aborts on
 * Ctrl-C; every process started here ends before `close` resolves.
 */
export class DemoStage {
  readonly signal: AbortSignal;
  private readonly children = new Set<ChildProcess>();
  private step = 0;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  /** A numbered step and why it is taken. */
  begin(title: string, why: string): void {
    this.step += 1;
    console.log(`\n${pc.bold(`${this.step}. ${title}`)}\n   ${why}`);
  }

  say(text: string): void {
    console.log(`   ${text}`);
  }

  /** States a proof, or ends the demo with it. */
  prove(claim: string, holds: boolean): void {
    if (!holds) throw new ProofFailed(claim);
    console.log(`   ${pc.green('proved')}  ${claim}`);
  }

  /** Runs one command of the toolkit in a process of its own, as a shell would, and shows what it prints. */
  async toolkit(project: string, ...args: string[]): Promise<void> {
    console.log(`\n   ${pc.cyan(`$ npx ai-backup ${args.join(' ')}`)}`);
    const program = join(toolkitFolder, 'bin', 'ai-backup.mjs');
    if (!existsSync(program) || !existsSync(join(toolkitFolder, 'dist'))) {
      throw new Error('The toolkit is not built yet: run `npm run build` once, then the demo again.');
    }
    const code = await this.show([program, ...args, '--root', project], project);
    if (code !== 0) throw new ProofFailed(`ai-backup ${args.join(' ')} ends with exit code 0 (it ended with ${code})`);
  }

  /** Runs a script of this folder to its end. */
  async script(name: string, project: string): Promise<void> {
    const code = await this.show([join(here, name), project], project);
    if (code !== 0) throw new Error(`${name} ended with exit code ${code}.`);
  }

  /** Starts a script that goes on by itself, and waits for its first line. */
  async start(name: string, project: string): Promise<ChildProcess> {
    const child = this.spawn([join(here, name), project], project, ['ignore', 'pipe', 'inherit', 'ipc']);
    const gone = once(child, 'exit').then(() => Promise.reject(new Error(`${name} ended before it was ready.`)));
    gone.catch(() => undefined);
    if (child.stdout !== null) await Promise.race([once(createInterface(child.stdout), 'line'), gone]);
    return child;
  }

  /** Ends a process that `start` gave. */
  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }

  /** Ends every process that is still running. */
  async close(): Promise<void> {
    for (const child of this.children) await this.stop(child);
  }

  private async show(args: string[], cwd: string): Promise<number> {
    const child = this.spawn(args, cwd, ['ignore', 'pipe', 'pipe']);
    const closed = once(child, 'close') as Promise<[number | null]>;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface(stream).on('line', (line) => console.log(pc.dim(`   | ${line}`)));
    }
    const [code] = await closed;
    this.signal.throwIfAborted();
    return code ?? 1;
  }

  private spawn(args: string[], cwd: string, stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[]): ChildProcess {
    this.signal.throwIfAborted();
    // The reader's own settings must not lead the demo to another project or another language.
    const { BACKUP_ROOT: _root, ...environment } = process.env;
    const child = spawn(process.execPath, args, { cwd, stdio, env: { ...environment, BACKUP_LANG: 'en' } });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    return child;
  }
}
