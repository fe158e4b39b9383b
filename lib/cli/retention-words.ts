import type { Messages } from '../messages/messages.ts';
import type { RetentionReason } from '../store/plan-retention.ts';

/** The reasons of a retention plan's verdict in words; targets of which it is the newest backup make one reason. */
export function retentionWords(reasons: readonly RetentionReason[], messages: Messages): string {
  const targets = reasons.flatMap((reason) => (reason.code === 'newest-of-target' ? [reason.target] : []));
  return [...new Set(reasons.map((reason) => wordsOf(reason, targets, messages)))].join('; ');
}

function wordsOf(reason: RetentionReason, targets: readonly string[], messages: Messages): string {
  const words = messages.cleanup.reasons;
  switch (reason.code) {
    case 'newest-is-suspect':
    case 'needed-by':
      return words[reason.code](reason.id);
    case 'newest-of-target':
      return words['newest-of-target'](targets.join(', '));
    case 'newest-of-period':
      return words['newest-of-period'][reason.tier](reason.period);
    case 'older-than-days':
      return words['older-than-days'](reason.days, reason.ageDays);
    case 'over-count':
      return words['over-count'](reason.count);
    default:
      return words[reason.code]();
  }
}
