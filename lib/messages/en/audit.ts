import { countOf } from './count-of.ts';

export const audit = {
  describe: 'Check the audit log of the store, or show its newest lines',
  action: 'verify: check it; show: show it',
  last: 'How many lines to show',
  lastExpected: 'a whole number, 1 or more',
  lastOfShow: 'Option --last belongs to `audit show`.',
  none: 'There is no audit log yet: the next act begins one.',
  ok: (lines: number, files: number) =>
    `The audit log is whole: ${countOf(lines, 'line')} in ${countOf(files, 'file')}. No backup that it names is missing.`,
  faulty: (count: number) => `The audit log shows ${countOf(count, 'problem')}:`,
  more: (count: number) => `… and ${count} more (--verbose shows all)`,
  macs: {
    none: 'No line was written with a key: only the chain of hashes was checked, which whoever may write to the store could make anew.',
    checked: (count: number) => `${countOf(count, 'line')} proven with the key.`,
    unchecked: (count: number) =>
      `${countOf(count, 'line')} not proven with a key: give it with --encryption-key FILE. Only the chain of hashes was checked there.`,
  },
  heading: { seq: 'No.', date: 'Date', act: 'Act', outcome: 'Outcome', backup: 'Backup', who: 'Who', facts: '' },
  acts: {
    create: 'create',
    verify: 'verify',
    restore: 'restore',
    cleanup: 'cleanup',
    consolidate: 'consolidate',
    config: 'config',
    keys: 'keys',
  },
  outcomes: {
    begun: 'begun',
    done: 'done',
    incomplete: 'incomplete',
    'found-problems': 'found problems',
    refused: 'refused',
    failed: 'failed',
    interrupted: 'interrupted',
  },
  shown: (shown: number, total: number) =>
    `${shown} of ${countOf(total, 'line')}. Nothing of it is proven here: see \`audit verify\`.`,
  unreadable: (count: number) => `${countOf(count, 'line')} cannot be read; \`audit verify\` says which.`,
};
