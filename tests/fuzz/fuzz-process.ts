import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeTree } from '../../lib/core/remove-tree.ts';
import type { KeptCase } from './fuzz-case.ts';
import type { WorkerReply, WorkerRequest } from './fuzz-worker.ts';

/** No case may take more memory than that; the heap alone has less. */
const mostMemoryBytes = 512 << 20;
const heapMegabytes = 320;
/** Of a processor, and of the clock: a case takes milliseconds, and the machine may have other things to do. */
const mostCpuSeconds = 30;
const mostWaitSeconds = 240;
const lookMs = 250;

export interface Outcome {
  found?: string;
  isRefused: boolean;
  memory: number;
}

/** One process that runs cases. What hangs, dies or grows in it is noticed from outside, and it is started anew. */
export class FuzzProcess {
  private readonly folder = mkdtempSync(join(tmpdir(), 'ai-backup-fuzz-'));
  private readonly runs: number;
  private child: ChildProcess | undefined;
  private started = 0;
  private lastId = 0;

  private readonly mostCpuSeconds: number;

  /** `runs`: cases after which the process is started anew, so that nothing adds up. */
  constructor({ runs = 400, cpuSeconds = mostCpuSeconds }: { runs?: number; cpuSeconds?: number } = {}) {
    this.runs = runs;
    this.mostCpuSeconds = cpuSeconds;
  }

  async run(request: Omit<Extract<WorkerRequest, { target: string }>, 'id'> | { kept: string }): Promise<Outcome> {
    if (this.child === undefined || this.started >= this.runs) await this.restart();
    this.started += 1;
    this.lastId += 1;
    const outcome = await this.ask({ ...request, id: this.lastId });
    if (outcome.memory > mostMemoryBytes) outcome.found ??= `it took ${outcome.memory >> 20} MB of memory`;
    if (outcome.found !== undefined) this.stop();
    return outcome;
  }

  /** The same case as bytes, made once more and not run. */
  async caseOf(request: { target: string; seed: number; number: number }): Promise<KeptCase | undefined> {
    await this.run({ ...request, isToKeep: true });
    const file = join(this.folder, 'worker', 'kept.json');
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as KeptCase) : undefined;
  }

  close(): void {
    this.stop();
    removeTree(this.folder);
  }

  private stop(): void {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  private async restart(): Promise<void> {
    this.stop();
    this.started = 0;
    const own = join(this.folder, 'worker');
    removeTree(own);
    mkdirSync(own);
    const main = fileURLToPath(new URL('./fuzz-worker.ts', import.meta.url));
    const execArgv = ['--import', 'tsx', '--expose-gc', `--max-old-space-size=${heapMegabytes}`];
    const child = fork(main, [own], { execArgv, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the process of the suite ended with ${code ?? 'a signal'}`)));
    });
  }

  private ask(request: WorkerRequest): Promise<Outcome> {
    const { child } = this;
    if (child === undefined) throw new TypeError('there is no process');
    return new Promise((resolve) => {
      const begunMs = performance.now();
      let cpuAtBegin = cpuSecondsOf(child.pid);
      const done = (outcome: Outcome): void => {
        clearInterval(watch);
        child.removeAllListeners('message').removeAllListeners('exit');
        resolve(outcome);
      };
      const watch = setInterval(() => {
        const cpu = cpuSecondsOf(child.pid) - cpuAtBegin;
        if (cpu > this.mostCpuSeconds)
          done({ found: `it went on for ${Math.round(cpu)} s of a processor`, isRefused: false, memory: 0 });
        else if (performance.now() - begunMs > mostWaitSeconds * 1000)
          done({ found: `it waited for ${mostWaitSeconds} s`, isRefused: false, memory: 0 });
      }, lookMs);
      child.on('message', (message: WorkerReply & { isBegun?: boolean }) => {
        if (message.id !== request.id) return;
        // Making the seeds is no part of a case.
        if (message.isBegun === true) cpuAtBegin = cpuSecondsOf(child.pid);
        else done(message);
      });
      child.once('exit', (code, signal) => {
        this.child = undefined;
        done({ found: `the process ended with ${code ?? signal ?? 'nothing'}`, isRefused: false, memory: 0 });
      });
      child.send(request);
    });
  }
}

/** Seconds of a processor that a process has used; 0 where the system does not tell. */
function cpuSecondsOf(pid: number | undefined): number {
  try {
    const fields =
      readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? [];
    // utime and stime (proc(5)), in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
