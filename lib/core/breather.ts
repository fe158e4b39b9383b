import { setImmediate as nextTurn } from 'node:timers/promises';

const turnMs = 50;

/**
 * Lets the process hear signals and draw its progress in the midst of work that reads and hashes without waiting: await
 * `pause` now and then, as often as wanted; it gives the event loop a turn every 50 ms.
 */
export class Breather {
  private lastMs = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.lastMs < turnMs) return;
    await nextTurn();
    this.lastMs = performance.now();
  }

  /** True when it is time: spares a hot loop the promise of a `pause` that does nothing. */
  get isDue(): boolean {
    return performance.now() - this.lastMs >= turnMs;
  }
}
