import type { Clock, Random } from '../core/clock.ts';
import type { RunEvents } from '../core/events.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Settings } from '../config/settings.ts';

/** What every operation is given: the settings, and the world as far as it may touch it. */
export interface RunContext {
  settings: Settings;
  clock: Clock;
  random: Random;
  /** The process's environment, for the masked snapshot only. */
  environment: Readonly<Record<string, string | undefined>>;
  /** The keys that were given, read when one is needed. */
  keys: KeyRing;
  /** The machine's name, for metadata.json. */
  host: string;
  events: RunEvents;
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
  /** Seconds to wait for another run's lock. */
  retryLockSeconds: number;
  /** Seconds for which a database that another process holds locked is tried again, out and in. */
  databaseTimeoutSeconds: number;
}
