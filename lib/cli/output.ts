import { writeSync } from 'node:fs';
import pc from 'picocolors';
import { harmless, harmlessJson } from './harmless.ts';

/** A stream with a file descriptor: process.stdout or process.stderr. */
export type TextStream = NodeJS.WriteStream & { fd: number };

/** Where a command's words go: results on standard output, everything else on standard error. */
export interface OutputOptions {
  json: boolean;
  /** With --json: JSON Lines. */
  progress: boolean;
  quiet: boolean;
  verbose: boolean;
  color: boolean;
  stdout: TextStream;
  stderr: TextStream;
}

/** A document's list that is being written. */
export interface DocumentList {
  add(item: object): void;
  end(): void;
}

/** Characters that are written at once. */
const mostWaiting = 1 << 16;

export class Output {
  readonly json: boolean;
  readonly verbose: boolean;
  /** Colours, or their identity where there is to be none. */
  readonly color: ReturnType<typeof pc.createColors>;
  private readonly quiet: boolean;
  private readonly progress: boolean;
  private readonly stdout: TextStream;
  private readonly stderr: TextStream;
  private clearDrawn: () => void = () => undefined;

  constructor(options: OutputOptions) {
    this.json = options.json;
    this.verbose = options.verbose;
    this.quiet = options.quiet;
    this.progress = options.progress;
    this.color = pc.createColors(options.color);
    this.stdout = options.stdout;
    this.stderr = options.stderr;
  }

  /** True where progress may redraw a line. */
  get isTerminal(): boolean {
    return this.stderr.isTTY && !this.json && !this.quiet;
  }

  /** Columns of the terminal, 100 where there is none. */
  get columns(): number {
    return this.stdout.columns ?? 100;
  }

  /** Columns that a line of the result may have before it is broken: as many as it likes where it is no terminal. */
  get room(): number {
    return this.stdout.columns ?? Number.POSITIVE_INFINITY;
  }

  /** Names what takes a redrawn line off the screen: it is called before anything is written beside that line. */
  clearBeforeWriting(clear: () => void): void {
    this.clearDrawn = clear;
  }

  /** A line of the result for a person. Silent under --json and --quiet. */
  line(text = ''): void {
    if (!this.json && !this.quiet) this.write(this.stdout, `${harmless(text)}\n`);
  }

  /**
   * A line beside the result, on standard error: notices and warnings. Silent under --quiet; and under --json, whose
   * document holds them, so that a program finds nothing but an error there.
   */
  notice(text: string): void {
    if (!this.quiet && !this.json) this.write(this.stderr, `${harmless(text)}\n`);
  }

  /** One JSON line among several, with `--json --progress`. */
  message(value: unknown): void {
    this.write(this.stdout, `${harmlessJson(JSON.stringify(value))}\n`);
  }

  /** Standard error, for what redraws itself. */
  get errorStream(): TextStream {
    return this.stderr;
  }

  /** The one JSON document of a command; the last of several lines with --progress. Silent without --json. */
  document(value: object): void {
    if (this.json) this.message(this.progress ? { message_type: 'summary', ...value } : value);
  }

  /**
   * The same with a list at its end that need not be in memory: its items are written as they come. Whoever begins one
   * ends it, and begins it only when nothing can go wrong any more, for half a document is none.
   */
  documentWithList(value: object, name: string): DocumentList {
    if (!this.json) return { add: () => undefined, end: () => undefined };
    const head = harmlessJson(JSON.stringify(this.progress ? { message_type: 'summary', ...value } : value));
    let text = `${head.slice(0, -1)}${head === '{}' ? '' : ','}${JSON.stringify(name)}:[`;
    let isFirst = true;
    return {
      add: (item) => {
        text += `${isFirst ? '' : ','}${harmlessJson(JSON.stringify(item))}`;
        isFirst = false;
        if (text.length < mostWaiting) return;
        this.write(this.stdout, text);
        text = '';
      },
      end: () => this.write(this.stdout, `${text}]}\n`),
    };
  }

  /** An error; shown always. */
  error(text: string): void {
    this.write(this.stderr, `${harmless(text)}\n`);
  }

  private write(stream: TextStream, text: string): void {
    this.clearDrawn();
    writeAll(stream, text);
  }
}

/** Writes before it returns, so that nothing is lost when the process ends right after. */
function writeAll(stream: TextStream, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  let written = 0;
  while (written < bytes.length) {
    try {
      written += writeSync(stream.fd, bytes, written);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EAGAIN') continue;
      if (code === 'EPIPE') return;
      throw error;
    }
  }
}
