import type { ErrorText } from './error-catalogue.ts';

/** What a failed restore leaves behind, said after the error's own sentences. */
export interface Aftermath {
  /** True where the destination is as it was. */
  isUnchanged: boolean;
  /** The ID of the safety backup that was made for the restore and is still there. */
  safetyBackup?: string;
  /** True where it was the safety backup that could not be made: a restore goes without one, too. */
  offersSkip?: boolean;
}

/** English; `messages/ja/aftermath.ts` holds the Japanese. */
export function withAftermath({ message, hint }: ErrorText, left: Aftermath): ErrorText {
  const isSaid = /Nothing was (changed|written)\./.test(message);
  const hints = [
    hint,
    left.offersSkip === true
      ? 'Or give --skip-backup to restore without a safety backup: what is there now is then kept nowhere.'
      : undefined,
    left.safetyBackup === undefined
      ? undefined
      : `The safety backup made for this restore is kept: ${left.safetyBackup}.`,
  ].filter((one) => one !== undefined);
  return {
    message: left.isUnchanged && !isSaid ? `${message} Nothing was changed.` : message,
    ...(hints.length === 0 ? {} : { hint: hints.join(' ') }),
  };
}
