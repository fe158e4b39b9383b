import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { releaseBuffer } from '../../lib/core/release-buffer.ts';

test('a large buffer of its own is empty afterwards; its memory does not wait for the collector', async () => {
  releaseBuffer(Buffer.allocUnsafeSlow(1 << 20));
  // What was handed over first is dropped once the port knows that nobody listens.
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 200; round += 1) {
    const bytes = Buffer.allocUnsafeSlow(1 << 20).fill(1);
    releaseBuffer(bytes);
    expect(bytes.length).toBe(0);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 << 20);
});

test('a buffer that may share its memory is left alone', () => {
  const whole = Buffer.alloc(1 << 20, 7);
  releaseBuffer(whole.subarray(10));
  expect(whole[20]).toBe(7);
  const small = Buffer.from('small');
  releaseBuffer(small);
  expect(small.toString()).toBe('small');
});
