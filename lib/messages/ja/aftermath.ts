import type { Aftermath } from '../../core/aftermath.ts';
import type { ErrorText } from '../../core/error-catalogue.ts';

/** `withAftermath` in Japanese. */
export function withAftermath({ message, hint }: ErrorText, left: Aftermath): ErrorText {
  const isSaid = /何も(変更して|書き込んで)いません。/.test(message);
  const hints = [
    hint,
    left.offersSkip === true
      ? 'または --skip-backup で安全バックアップなしに復元できます（現在の状態はどこにも残りません）。'
      : undefined,
    left.safetyBackup === undefined
      ? undefined
      : `この復元のための安全バックアップは残っています: ${left.safetyBackup}`,
  ].filter((one) => one !== undefined);
  const stop = /[。.]$/.test(message) ? '' : '。';
  return {
    message: left.isUnchanged && !isSaid ? `${message}${stop}何も変更していません。` : message,
    ...(hints.length === 0 ? {} : { hint: hints.join('') }),
  };
}
