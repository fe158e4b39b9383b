import type { ExitCode } from '../core/error-catalogue.ts';
import type { BackupError } from '../core/errors.ts';
import type { HideKnown } from '../core/mask-known.ts';
import { maskText } from '../core/mask-secrets.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeError } from '../messages/describe.ts';
import type { Language } from '../messages/messages.ts';
import { harmlessJson } from './harmless.ts';
import type { Output } from './output.ts';

export interface ErrorView {
  language: Language;
  json: boolean;
  /** With the stack of what was thrown first. */
  verbose: boolean;
  output: Output;
  /** Takes out what is known to be a secret. */
  hide: HideKnown;
}

/** Says an error on standard error, as text or as `{"error": {code, message, hint}}`, with secrets masked. */
export function showError(error: BackupError, thrown: unknown, view: ErrorView): ExitCode {
  const { output, hide } = view;
  const text = describeError(error, view.language);
  const message = hide(text.message);
  const hint = text.hint === undefined ? undefined : hide(text.hint);
  const root = error.cause instanceof Error ? error.cause : thrown;
  const stack = view.verbose && root instanceof Error ? hide(maskText(root.stack ?? '')) : undefined;
  if (view.json) {
    const about = { code: error.code, message, ...(hint === undefined ? {} : { hint }) };
    output.error(harmlessJson(JSON.stringify({ error: { ...about, ...(stack === undefined ? {} : { stack }) } })));
    return error.exitCode;
  }
  const mark = output.color.red(output.color.bold(view.language === 'ja' ? 'エラー' : 'error'));
  output.error(`${mark}: ${printableLines(message)}`);
  if (hint !== undefined) output.error(output.color.dim(printableLines(hint)));
  if (stack !== undefined) output.error(output.color.dim(printableLines(stack)));
  return error.exitCode;
}

/** A file's name in a message must not drive the terminal. */
function printableLines(text: string): string {
  return text.split('\n').map(printablePath).join('\n');
}
