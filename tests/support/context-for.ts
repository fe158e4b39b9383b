import { systemClock, systemRandom } from '../../lib/core/clock.ts';
import { RunEvents } from '../../lib/core/events.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { openToolkit } from '../../lib/toolkit.ts';

/** The context of operations on a project with its default settings, outside of any process's environment. */
export async function contextFor(root: string, more: Partial<RunContext> = {}): Promise<RunContext> {
  const context = await openToolkit({ root, environment: {}, events: new RunEvents() });
  return { ...context, host: 'host', random: systemRandom, ...more };
}

/** A clock that says what a test wants, and that durations are measured with as ever. */
export class SetClock {
  readonly monotonicMs = systemClock.monotonicMs;
  readonly sleep = systemClock.sleep;
  time: string;

  constructor(time: string) {
    this.time = time;
  }

  readonly now = (): Date => new Date(this.time);
}
