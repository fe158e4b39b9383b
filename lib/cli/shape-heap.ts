import { setFlagsFromString } from 'node:v8';

/** The newest Node whose V8 is known to have these flags: one that lacks them would print a complaint. */
const newestKnown = 24;

/**
 * Fits V8's heap to a program whose memory is buffers outside of it. Called before anything is allocated in quantity.
 *
 * Buffers come and go by the megabyte beside a heap of 15 MB, which V8 takes for pressure: it
 * would collect that heap some 25 times in a backup where 10 are enough.
 */
export function shapeHeap(): void {
  if (Number.parseInt(process.versions.node, 10) > newestKnown) return;
  setFlagsFromString('--heap-growing-percent=300');
}
