import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { pipeline, type Readable } from 'node:stream';
import { childEnvironment } from '../../core/child-environment.ts';

/** A program that was started did not do what it should: what it says, or how it ended. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
}

/**
 * A few bytes of xz can ask for four gigabytes of memory to be unpacked in. xz itself reads this variable, BusyBox's, which
 * knows no such option, does not.
 */
const memoryBounds = { XZ_OPT: '--memlimit-decompress=512MiB' };

/** How much of what a program complains is kept. */
const mostComplaint = 2_000;

/** One program of the system that turns its standard input into its standard output, a process for each call. */
export class StockTool {
  private readonly program: string;
  private readonly running = new Set<ChildProcessWithoutNullStreams>();

  constructor(program: string) {
    this.program = program;
  }

  /**
   * What the program makes of these bytes; they must not change meanwhile.
   * @param most the program is ended when it gives more bytes than that.
   * @throws ToolFailure; RangeError where it gives more.
   */
  async run(args: readonly string[], input: Uint8Array, most: number): Promise<Buffer> {
    const { child, ended } = this.start(args);
    const parts: Buffer[] = [];
    let bytes = 0;
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= most) parts.push(part);
      else child.kill('SIGKILL');
    });
    // A program that ends early leaves input behind; its end says why.
    child.stdin.on('error', () => undefined).end(input);
    try {
      await ended;
    } catch (error) {
      if (bytes <= most) throw error;
    }
    if (bytes > most) throw new RangeError(`more than the ${most} bytes that are declared`);
    return inOwnMemory(parts, bytes);
  }

  /**
   * What the program makes of what the source gives, piece by piece. Whoever stops early ends the program by ending the
   * iteration.
   * @throws ToolFailure; the source's own errors.
   */
  async *stream(args: readonly string[], source: Readable): AsyncGenerator<Buffer> {
    const { child, ended } = this.start(args);
    const failed: { source?: Error } = {};
    source.once('error', (error) => {
      failed.source = error;
    });
    pipeline(source, child.stdin, () => undefined);
    try {
      for await (const part of child.stdout) yield part as Buffer;
      await ended;
      // To the program, a source that failed is one that ended.
      if (failed.source !== undefined) throw failed.source;
    } catch (error) {
      // How the program ended says more than that its output broke off, and the source's failure more than either.
      const reason = await ended.then(
        () => error,
        (failure: unknown) => failure,
      );
      throw failed.source ?? reason;
    } finally {
      child.kill('SIGKILL');
      source.destroy();
    }
  }

  /** Ends every process that is under way. */
  stop(): void {
    for (const child of this.running) child.kill('SIGKILL');
  }

  private start(args: readonly string[]): { child: ChildProcessWithoutNullStreams; ended: Promise<void> } {
    // Out of the terminal's reach: a Ctrl-C is this process's to handle. When this one dies, the pipes end the program.
    const child = spawn(this.program, args, {
      stdio: 'pipe',
      detached: true,
      env: { ...childEnvironment(), ...memoryBounds },
    });
    this.running.add(child);
    const ended = this.endOf(child).finally(() => this.running.delete(child));
    // Awaited when the output is read; a failure must not count as unhandled until then.
    ended.catch(() => undefined);
    return { child, ended };
  }

  private async endOf(child: ChildProcessWithoutNullStreams): Promise<void> {
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, mostComplaint);
    });
    let code: number | null;
    try {
      [code] = (await once(child, 'close')) as [number | null];
    } catch (error) {
      throw new ToolFailure(`${this.program} cannot be started`, { cause: error });
    }
    // bzip2 ignores what follows its last stream, says so, and calls that success.
    if (code === 0 && !complaint.includes('trailing garbage')) return;
    const said = complaint.trim().split('\n')[0] ?? '';
    throw new ToolFailure(said === '' ? `${this.program} ended with ${code ?? child.signalCode}` : said);
  }
}

/** Not in Node's pool of small buffers: who is given it may give its memory away. */
function inOwnMemory(parts: readonly Buffer[], bytes: number): Buffer {
  const whole = Buffer.allocUnsafeSlow(bytes);
  let at = 0;
  for (const part of parts) at += part.copy(whole, at);
  return whole;
}
