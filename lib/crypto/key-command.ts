import { spawn } from 'node:child_process';
import { BackupError } from '../core/errors.ts';
import { parseKey, type Key, type KeySource } from './key.ts';

const mostBytes = 1 << 16;
const mostSeconds = 120;

/** The variable that takes the command to its shell. */
const carrier = 'BACKUP_ENCRYPTION_KEY_COMMAND';

/** Words of a command are for everybody to see (`ps`), and this one may hold a password: the shell takes it from its environment. */
const shellWords = ['-c', `command=$${carrier}; unset ${carrier}; eval "$command"`];

/**
 * What a command prints, as a key: a password manager, an agent. It runs in a shell, as its user wrote it, with this process's
 * environment; the key is nowhere but in a pipe. What it says on standard error is not repeated: it may be the key.
 * @throws BackupError KEY_UNREADABLE, KEY_INVALID, INTERRUPTED
 */
export async function runKeyCommand(
  command: string,
  source: KeySource,
  where: { folder: string; environment: Readonly<Record<string, string | undefined>>; signal: AbortSignal },
): Promise<Key> {
  const { signal } = where;
  if (signal.aborted) throw new BackupError('INTERRUPTED', {});
  const options = { cwd: where.folder };
  const child =
    process.platform === 'win32'
      ? spawn(command, { ...options, shell: true, env: { ...where.environment }, stdio: ['ignore', 'pipe', 'ignore'] })
      : spawn('/bin/sh', shellWords, {
          ...options,
          env: { ...where.environment, [carrier]: command },
          stdio: ['ignore', 'pipe', 'ignore'],
        });
  // What the shell has started lives on, and its end of the pipe with it: nobody waits for that one.
  const stop = (): void => {
    child.kill();
    child.stdout.destroy();
  };
  const timer = setTimeout(stop, mostSeconds * 1000);
  signal.addEventListener('abort', stop, { once: true });
  const pieces: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (bytes <= mostBytes) pieces.push(piece);
    else stop();
  });
  const ended = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, by) => resolve(outcomeOf(code, by)));
  });
  signal.removeEventListener('abort', stop);
  clearTimeout(timer);
  if (signal.aborted) throw new BackupError('INTERRUPTED', {});
  if (bytes > mostBytes) throw new BackupError('KEY_INVALID', { source: source.name, problem: 'it is too large' });
  if (ended !== '') throw new BackupError('KEY_UNREADABLE', { source: source.name, reason: ended });
  return parseKey(Buffer.concat(pieces), source);
}

/** Empty where all went well. */
function outcomeOf(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === 0) return '';
  if (code === null) return `it was ended by ${signal ?? '?'}`;
  // What every shell means by them.
  if (code === 127) return 'exit code 127: there is no such command';
  return code === 126 ? 'exit code 126: it may not be run' : `exit code ${code}`;
}
