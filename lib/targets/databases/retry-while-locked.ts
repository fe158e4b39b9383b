import { systemCode } from '../../core/errors.ts';
import { isBusyCode } from './sqlite-failure.ts';

/** About how long one attempt of a job asks for a lock before it reports back, in tries a millisecond apart. */
export const attemptTries = 200;

const bell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Repeats an attempt every millisecond while it meets a lock, `tries` times at most; throws the last error.
 *
 * SQLite's own busy handler rests up to 100 ms between two looks and then keeps missing the short gaps that a busy
 * writer in rollback mode leaves. It blocks: only the SQLite process may use it.
 */
export function retryWhileLocked<T>(attempt: () => T, tries: number): T {
  for (let left = tries; ; left -= 1) {
    try {
      return attempt();
    } catch (error) {
      if (left <= 1 || !isBusyCode(systemCode(error))) throw error;
      Atomics.wait(bell, 0, 0, 1);
    }
  }
}
