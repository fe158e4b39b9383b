import type { HostWriter } from './dated-file.ts';
import { isoTime } from './database-rows.ts';
import { hostEpochSeconds } from './dated-file.ts';
import { seededRandom } from './seeded-random.ts';
import type { Vocabulary } from './vocabulary.ts';

const statesPerFolder = 100;
const leastBytes = 200;
const mostBytes = 4_000;

/** Writes the state files of agents and queues: JSON of 0.2 to 4 kB. */
export function buildStates(writer: HostWriter, count: number, seed: number, vocabulary: Vocabulary): void {
  const random = seededRandom(seed, 'states');
  for (let index = 0; index < count; index += 1) {
    const bytes = random.between(leastBytes, mostBytes);
    const ageMinutes = random.below(90 * 1440);
    const steps: object[] = [];
    const state = {
      id: random.hex(16),
      agent: vocabulary.word(random),
      status: random.pick(['idle', 'running', 'waiting', 'done']),
      updatedAt: isoTime(hostEpochSeconds - ageMinutes * 60),
      steps,
    };
    for (let length = 160; length < bytes;) {
      const step = {
        name: vocabulary.title(random, 12),
        result: vocabulary.sentence(random, 4, 14),
        tokens: random.below(8_000),
      };
      steps.push(step);
      length += JSON.stringify(step).length + 30;
    }
    const folder = String(Math.floor(index / statesPerFolder)).padStart(2, '0');
    writer.write(
      `state/${folder}/state-${String(index).padStart(4, '0')}.json`,
      `${JSON.stringify(state, null, 1)}\n`,
      ageMinutes,
    );
  }
}
