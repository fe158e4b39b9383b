import type { Phase, Progress, RunEvents } from '../core/events.ts';
import type { Messages } from '../messages/messages.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import type { Output } from './output.ts';

/** Shown on work longer than this since it began, or since a command last wrote something: a plan and a question, say. */
const quietMs = 1000;
const redrawMs = 100;
/** Without a terminal, a line at most so often. */
const plainLineMs = 10_000;

/**
 * Shows what a run tells: a bar in a terminal, a plain line now and then elsewhere, JSON Lines with `--json
 * --progress`.
 * @returns what ends it and clears the line.
 */
export async function followProgress(
  events: RunEvents,
  output: Output,
  messages: Messages,
  options: { json: boolean; progress: boolean; quiet: boolean },
): Promise<() => void> {
  if (options.json && options.progress) return followAsJson(events, output);
  if (options.json || options.quiet) return () => undefined;
  const bar = output.isTerminal ? await terminalBar(output) : undefined;
  const view = new ProgressView(output, messages, bar);
  events.on('phase', (phase) => view.enter(phase));
  events.on('progress', (progress) => view.update(progress));
  if (bar !== undefined) output.clearBeforeWriting(() => view.clear());
  return () => view.clear();
}

function followAsJson(events: RunEvents, output: Output): () => void {
  let last = 0;
  events.on('phase', (phase) => output.message({ message_type: 'status', phase }));
  events.on('progress', (progress) => {
    const now = performance.now();
    if (now - last < redrawMs) return;
    last = now;
    output.message({ message_type: 'status', ...progress });
  });
  return () => undefined;
}

interface TerminalBar {
  show(done: number | undefined, text: string): void;
  clear(): void;
}

async function terminalBar(output: Output): Promise<TerminalBar> {
  const { default: cliProgress } = await import('cli-progress');
  const line = new cliProgress.SingleBar({
    stream: output.errorStream,
    clearOnComplete: true,
    hideCursor: true,
    barsize: 20,
    fps: 10,
    format: (options, params, payload: { text: string; isCounted: boolean }) =>
      payload.isCounted
        ? `${cliProgress.Format.BarFormat(params.progress, options)} ${Math.floor(params.progress * 100)} %  ${payload.text}`
        : payload.text,
  });
  let isStarted = false;
  return {
    show: (done, text) => {
      const payload = { text, isCounted: done !== undefined };
      if (isStarted) line.update(done ?? 0, payload);
      else line.start(1, done ?? 0, payload);
      isStarted = true;
    },
    clear: () => {
      if (isStarted) line.stop();
      isStarted = false;
    },
  };
}

class ProgressView {
  private readonly output: Output;
  private readonly messages: Messages;
  private readonly bar: TerminalBar | undefined;
  /** Undefined while nothing is being worked on: what a person takes to answer a question is no work. */
  private startedMs: number | undefined;
  private phaseStartedMs = performance.now();
  /** What was done when the phase was entered: a phase that is taken up again has not done it since. */
  private phaseStartBytes = 0;
  private phase: Phase = 'scan';
  private lastShownMs = 0;

  constructor(output: Output, messages: Messages, bar: TerminalBar | undefined) {
    this.output = output;
    this.messages = messages;
    this.bar = bar;
  }

  enter(phase: Phase, bytes = 0): void {
    if (phase === this.phase && this.startedMs !== undefined) return;
    this.startedMs ??= performance.now();
    this.phase = phase;
    this.phaseStartBytes = bytes;
    this.phaseStartedMs = performance.now();
  }

  update(progress: Progress): void {
    this.enter(progress.phase, progress.bytes);
    const now = performance.now();
    if (now - (this.startedMs ?? now) < quietMs) return;
    if (now - this.lastShownMs < (this.bar === undefined ? plainLineMs : redrawMs)) return;
    this.lastShownMs = now;
    const { bytes, totalBytes } = progress;
    const done = totalBytes === undefined || totalBytes === 0 ? undefined : Math.min(1, bytes / totalBytes);
    const text = this.text(progress, (now - this.phaseStartedMs) / 1000, done);
    if (this.bar === undefined) this.output.notice(text);
    else this.bar.show(done, text);
  }

  /** Takes the bar off the screen. Work that goes on brings it back. */
  clear(): void {
    this.bar?.clear();
    this.startedMs = undefined;
  }

  private text(progress: Progress, seconds: number, done: number | undefined): string {
    const words = this.messages.common;
    const { files, bytes, totalBytes = 0 } = progress;
    const rate = seconds > 0 ? Math.max(0, bytes - this.phaseStartBytes) / seconds : 0;
    const left = done === undefined || rate === 0 ? undefined : Math.max(0, (totalBytes - bytes) / rate);
    return [
      words.phases[progress.phase],
      words.filesCount(files),
      formatBytes(bytes),
      ...(rate === 0 ? [] : [`${formatBytes(Math.round(rate))}/s`]),
      ...(left === undefined ? [] : [words.timeLeft(formatDuration(left * 1000))]),
    ].join('  ');
  }
}
