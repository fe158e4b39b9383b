import { expect, test } from '@jest/globals';
import { retentionWords } from '../../lib/cli/retention-words.ts';
import { en } from '../../lib/messages/en/index.ts';
import { ja } from '../../lib/messages/ja/index.ts';
import type { RetentionReason } from '../../lib/store/plan-retention.ts';

const reasons: RetentionReason[] = [
  { code: 'newest-regular' },
  { code: 'newest-of-target', target: 'config' },
  { code: 'newest-of-target', target: 'logs' },
  { code: 'newest-of-target', target: 'state' },
  { code: 'within-limits' },
];

test('the targets of which a backup is the newest are one reason', () => {
  expect(retentionWords(reasons, en)).toBe(
    'newest that is no safety backup; newest complete backup that holds config, logs, state; within the limits',
  );
  expect(retentionWords(reasons, ja)).toContain('config, logs, state を含む完全なバックアップの中で最新; ');
});

test('one is one', () => {
  expect(en.cleanup.removed(0, 1, '0 B')).toBe('Removed 0 of 1 backup; 0 B freed.');
  expect(en.cleanup.wouldRemove(1, 1, '2 B')).toBe('Would remove 1 of 2 backups and free 2 B. Nothing was changed.');
  expect(en.config.valid('c.json', 1, 1)).toBe('c.json: valid (1 target, 1 schedule).');
  expect(en.schedule.running(1)).toBe('Running 1 schedule. Ctrl-C stops.');
  expect(en.schedule.stopped(2, 0)).toBe('Stopped after 2 runs, 0 of them failed.');
});
