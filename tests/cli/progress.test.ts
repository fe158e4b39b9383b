import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { RunEvents } from '../../lib/core/events.ts';
import { followProgress } from '../../lib/cli/progress.ts';
import type { Output } from '../../lib/cli/output.ts';
import { en } from '../../lib/messages/en/index.ts';

const second = 1000;
const mb = 1 << 20;
let now = 0;
let said: string[];
let events: RunEvents;

beforeEach(async () => {
  now = 0;
  said = [];
  events = new RunEvents();
  jest.spyOn(performance, 'now').mockImplementation(() => now);
  const output = { isTerminal: false, notice: (text: string) => said.push(text) } as unknown as Output;
  await followProgress(events, output, en, { json: false, progress: false, quiet: false });
});
afterEach(() => void jest.restoreAllMocks());

test('the rate of a phase that is taken up again is that of what it did since', () => {
  events.emit('phase', 'pack');
  now = 20 * second;
  events.emit('progress', { phase: 'pack', files: 64, bytes: 200 * mb });
  events.emit('progress', { phase: 'copy-databases', files: 0, bytes: 1000 * mb, totalBytes: 5000 * mb });
  now = 40 * second;
  events.emit('progress', { phase: 'copy-databases', files: 0, bytes: 3000 * mb, totalBytes: 5000 * mb });
  events.emit('progress', { phase: 'check-databases', files: 0, bytes: 5000 * mb });
  now = 60 * second;
  events.emit('progress', { phase: 'check-databases', files: 0, bytes: 5000 * mb });
  events.emit('progress', { phase: 'pack', files: 64, bytes: 200 * mb });
  now = 80 * second;
  events.emit('progress', { phase: 'pack', files: 65, bytes: 5200 * mb });
  expect(said).toEqual([
    expect.stringMatching(/^Packing .*10\.0 MB\/s$/),
    expect.stringMatching(/^Copying databases .*100\.0 MB\/s {2}20\.0 s left$/),
    // A check tells no bytes on its way: there is no rate to speak of.
    expect.stringMatching(/^Checking databases {2}0 files {2}4\.9 GB$/),
    expect.stringMatching(/^Packing .*250\.0 MB\/s$/),
  ]);
});
