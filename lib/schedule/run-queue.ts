/** Runs jobs one at a time, in the order in which they came. A job that runs or waits is not taken a second time. */
export class RunQueue<J> {
  private readonly work: (job: J) => Promise<void>;
  private readonly waiting = new Map<string, J>();
  private running: string | undefined;
  private isClosed = false;
  private draining: Promise<void> = Promise.resolve();

  /** `work` deals with its own failures: it does not reject. */
  constructor(work: (job: J) => Promise<void>) {
    this.work = work;
  }

  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Queues a job; false when one of its name runs or waits already, or the queue is closed. */
  add(name: string, job: J): boolean {
    if (this.isClosed || name === this.running || this.waiting.has(name)) return false;
    this.waiting.set(name, job);
    if (this.running === undefined && this.waiting.size === 1) {
      this.draining = this.draining.then(() => this.drain());
    }
    return true;
  }

  /** Drops what waits, takes nothing more, and resolves when the running job has ended. */
  close(): Promise<void> {
    this.isClosed = true;
    this.waiting.clear();
    return this.draining;
  }

  private async drain(): Promise<void> {
    for (let next = this.takeNext(); next !== undefined; next = this.takeNext()) {
      this.running = next[0];
      await this.work(next[1]);
      this.running = undefined;
    }
  }

  private takeNext(): [string, J] | undefined {
    const next = this.waiting.entries().next();
    if (next.done === true) return undefined;
    this.waiting.delete(next.value[0]);
    return next.value;
  }
}
