import { withAftermath } from '../core/aftermath.ts';
import type { ErrorCode, ErrorParams, ErrorText } from '../core/error-catalogue.ts';
import { errorCatalogue } from '../core/error-catalogue.ts';
import type { BackupError } from '../core/errors.ts';
import { findingCatalogue, type Finding } from '../core/findings.ts';
import { maskText } from '../core/mask-secrets.ts';
import { printablePath } from '../core/path-bytes.ts';
import { withAftermath as japaneseAftermath } from './ja/aftermath.ts';
import { errors as japaneseErrors } from './ja/errors.ts';
import { findings as japaneseFindings } from './ja/findings.ts';
import type { Language } from './messages.ts';

/** What a person reads about an error, in their language, with every secret of a known shape masked. */
export function describeError(error: BackupError, language: Language): ErrorText {
  const own = errorText(error.code, error.params, language);
  const { aftermath } = error;
  const sayAftermath = language === 'ja' ? japaneseAftermath : withAftermath;
  const { message, hint } = aftermath === undefined ? own : sayAftermath(own, aftermath);
  return { message: maskText(message), ...(hint === undefined ? {} : { hint: maskText(hint) }) };
}

function errorText<C extends ErrorCode>(code: C, params: ErrorParams<C>, language: Language): ErrorText {
  const say = language === 'ja' ? japaneseErrors[code] : errorCatalogue[code].text;
  // Both tables are typed by code; the compiler cannot follow the code through a union of their functions.
  return (say as (params: ErrorParams<C>) => ErrorText)(onOneLine(params));
}

/** What names something that others may have named. */
const names = new Set([
  'path',
  'paths',
  'archive',
  'backup',
  'database',
  'destination',
  'file',
  'name',
  'matches',
  'nearest',
]);

/** A line end in a file's name must not look like one of ours: a forged line could say that all is well. */
function onOneLine<P extends object>(params: P): P {
  const onLine = (value: unknown): unknown => (typeof value === 'string' ? printablePath(value) : value);
  return new Proxy(params, {
    get: (of, key): unknown => {
      const value: unknown = Reflect.get(of, key);
      if (typeof key !== 'string' || !names.has(key)) return value;
      return Array.isArray(value) ? value.map(onLine) : onLine(value);
    },
  });
}

/**
 * What a person reads about a finding, in their language. A finding of a newer version, read from a backup's metadata,
 * says itself in English.
 */
export function describeFinding(finding: Finding, language: Language): string {
  if (!Object.hasOwn(findingCatalogue, finding.code)) return maskText(finding.message);
  const say = language === 'ja' ? japaneseFindings[finding.code] : findingCatalogue[finding.code].text;
  // Metadata that someone else wrote may hold findings without parameters.
  return maskText(say({ ...finding.params }));
}
