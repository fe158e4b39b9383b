import { withAftermath, type Aftermath } from './aftermath.ts';
import { errorCatalogue, type ErrorCode, type ErrorParams, type ErrorText, type ExitCode } from './error-catalogue.ts';
import { maskParams } from './mask-params.ts';

/**
 * The one error of the toolkit. `message` and `hint` are English; a caller that speaks another language renders
 * `code` and `params` from its own catalogue. Neither holds a secret that can be told from other words.
 */
export class BackupError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'BackupError';
  readonly code: C;
  readonly params: ErrorParams<C>;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;
  readonly aftermath: Aftermath | undefined;

  constructor(code: C, params: ErrorParams<C>, options?: { cause?: unknown; aftermath?: Aftermath }) {
    const definition = errorCatalogue[code];
    const shown = maskParams(params);
    const own = (definition.text as (params: ErrorParams<C>) => ErrorText)(shown);
    const aftermath = options?.aftermath;
    const text = aftermath === undefined ? own : withAftermath(own, aftermath);
    super(text.message, options);
    this.code = code;
    this.params = shown;
    this.hint = text.hint;
    this.exitCode = definition.exitCode;
    this.aftermath = aftermath;
  }
}

/** True for a BackupError, narrowed to one code where given. */
export function isBackupError<C extends ErrorCode>(error: unknown, code?: C): error is BackupError<C> {
  return error instanceof BackupError && (code === undefined || error.code === code);
}

/** The system's error code (`ENOENT`, `ENOSPC`, …), or undefined where the error has none. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** True when the error is one of the named system errors. */
export function isSystemError(error: unknown, ...codes: string[]): boolean {
  const code = systemCode(error);
  return code !== undefined && codes.includes(code);
}

/** The short reason of any thrown value, without a stack. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const readOnlyCodes = ['EROFS', 'EACCES', 'EPERM'];

/** Turns a failed write into the error that a person can act on; lets a BackupError pass. */
export function writeError(error: unknown, path: string, operation: string): BackupError {
  if (isBackupError(error)) return error;
  if (isSystemError(error, 'ENOSPC', 'EDQUOT'))
    return new BackupError('NO_SPACE', { path, operation }, { cause: error });
  if (isSystemError(error, ...readOnlyCodes)) {
    return new BackupError('STORE_READ_ONLY', { store: path, reason: systemCode(error) ?? '' }, { cause: error });
  }
  return new BackupError('WRITE_FAILED', { path, operation, reason: reasonOf(error) }, { cause: error });
}

/** The same for a place outside the store, such as the destination of a restore. */
export function placeError(error: unknown, path: string, operation: string): unknown {
  if (isSystemError(error, 'ENOSPC', 'EDQUOT')) return writeError(error, path, operation);
  // A code of Node's own (`ERR_…`) is a mistake in this program, not of the place.
  const code = systemCode(error);
  if (error instanceof BackupError || code === undefined || !/^E(?!RR_)[A-Z0-9]+$/.test(code)) return error;
  return new BackupError('WRITE_FAILED', { path, operation, reason: reasonOf(error) }, { cause: error });
}
