import { hostname } from 'node:os';
import { loadSettings } from './config/load-settings.ts';
import { systemClock, systemRandom } from './core/clock.ts';
import { KeyRing } from './crypto/key-ring.ts';
import { BackupError } from './core/errors.ts';
import { RunEvents } from './core/events.ts';
import type { RunContext } from './operations/run-context.ts';

/** What a run is made from. */
export interface ContextOptions {
  /** The project root, absolute. */
  root: string;
  /** The settings file; by default `config/config.json` below the root, else `config/backup_config.json`. */
  config?: string;
  environment: Readonly<Record<string, string | undefined>>;
  /** The file of a key, absolute: it goes before all other sources. */
  keyFile?: string;
  events?: RunEvents;
  signal?: AbortSignal;
  /** Seconds to wait for another run's lock; 0 by default. */
  retryLockSeconds?: number;
  /** Seconds to try a locked database again; by default `BACKUP_DATABASE_TIMEOUT` of the environment, else 15. */
  databaseTimeoutSeconds?: number;
}

const databaseTimeoutSeconds = 15;

/**
 * Turns settings, environment, clock and randomness into what operations work with. Apart from `toolkit.ts`, so that a
 * command does not load the operations of all others.
 *
 * Loads and checks the settings. @throws BackupError CONFIG_UNREADABLE, CONFIG_SYNTAX, CONFIG_INVALID, ROOT_NOT_FOUND,
 * VARIABLE_INVALID
 */
export async function openContext(options: ContextOptions): Promise<RunContext> {
  const { environment } = options;
  const settings = await loadSettings({
    root: options.root,
    environment,
    ...(options.config === undefined ? {} : { file: options.config }),
  });
  const signal = options.signal ?? new AbortController().signal;
  const { encryptionKey: settingsKey, recipients, oldKeyFiles } = settings.storage;
  const given = { root: settings.root, environment, keyFile: options.keyFile, settingsKey, recipients, oldKeyFiles };
  return {
    settings,
    environment,
    keys: new KeyRing({ ...given, signal }),
    clock: systemClock,
    random: systemRandom,
    host: hostname(),
    events: options.events ?? new RunEvents(),
    signal,
    retryLockSeconds: options.retryLockSeconds ?? 0,
    databaseTimeoutSeconds: options.databaseTimeoutSeconds ?? databaseTimeoutOf(environment),
  };
}

function databaseTimeoutOf(environment: ContextOptions['environment']): number {
  const text = environment.BACKUP_DATABASE_TIMEOUT?.trim() ?? '';
  if (text === '') return databaseTimeoutSeconds;
  if (/^\d{1,5}(\.\d{1,3})?$/.test(text)) return Number(text);
  throw new BackupError('VARIABLE_INVALID', {
    name: 'BACKUP_DATABASE_TIMEOUT',
    value: text,
    expected: `a number of seconds, such as ${databaseTimeoutSeconds}`,
  });
}
