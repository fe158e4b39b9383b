import type { Messages } from '../messages/messages.ts';
import type { RetentionReason } from '../store/plan-retention.ts';

/** One reason of a retention plan in words. */
export function retentionWords(reason: RetentionReason, messages: Messages): string {
  const words = messages.cleanup.reasons;
  switch (reason.code) {
    case 'newest-is-suspect':
    case 'needed-by':
      return words[reason.code](reason.id);
    case 'newest-of-target':
      return words['newest-of-target'](reason.target);
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
