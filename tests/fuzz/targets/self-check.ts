import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FuzzTarget } from '../fuzz-case.ts';
import type { FuzzRoom } from '../fuzz-room.ts';

const misdeed = (name: string, run: (room: FuzzRoom) => Promise<void>): FuzzTarget => ({
  name,
  share: 0,
  make: () => ({ files: { input: Buffer.from('x') }, options: {} }),
  run: (_case, room) => run(room),
});

/** What the suite has to notice, each of them a misdeed that it looks for. Never part of a run. */
export const selfCheckTargets: readonly FuzzTarget[] = [
  misdeed('self-check-throws', () => Promise.reject(new TypeError('x is not a function'))),
  misdeed('self-check-writes-outside', (room) => {
    writeFileSync(join(room.folder, 'outside', 'planted'), 'planted');
    return Promise.resolve();
  }),
  misdeed('self-check-eats-memory', () => {
    const eaten = Array.from({ length: 9 }, () => Buffer.alloc(64 << 20, 1));
    return eaten.length === 9 ? Promise.resolve() : Promise.reject(new Error('less'));
  }),
  misdeed('self-check-hangs', () => {
    for (;;);
  }),
  misdeed('self-check-waits', () => new Promise(() => undefined)),
  misdeed('self-check-dies', () => process.exit(7)),
];
