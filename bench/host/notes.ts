import type { HostWriter } from './dated-file.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import type { Vocabulary } from './vocabulary.ts';

const notesPerFolder = 80;
const leastBytes = 500;
const mostBytes = 8_000;
const topics = ['research', 'reviews', 'plans', 'incidents', 'knowledge'] as const;

/** Where the note of this number is, below the project root. */
export function notePath(index: number): string {
  const topic = topics[index % topics.length] ?? topics[0];
  const folder = Math.floor(index / topics.length / notesPerFolder);
  return `agents/notes/${topic}/${String(folder).padStart(3, '0')}/note-${String(index).padStart(5, '0')}.md`;
}

/** Writes the agents' notes: markdown of half a kilobyte to eight. */
export function buildNotes(writer: HostWriter, count: number, seed: number, vocabulary: Vocabulary): void {
  const random = seededRandom(seed, 'notes');
  for (let index = 0; index < count; index += 1) {
    writer.write(notePath(index), makeNote(random, vocabulary), random.below(365 * 1440));
  }
}

/** The text of one note: a heading, paragraphs, a list; ASCII only. */
export function makeNote(random: SeededRandom, vocabulary: Vocabulary): string {
  const bytes = random.between(leastBytes, mostBytes);
  let text = `# ${vocabulary.title(random, 30)}\n\n`;
  while (text.length < bytes - 1) {
    if (random.below(4) === 0) {
      for (let left = random.between(2, 5); left > 0; left -= 1) text += `- ${vocabulary.sentence(random, 3, 10)}\n`;
      text += '\n';
    } else {
      text += `${vocabulary.paragraph(random, random.between(200, 700))}\n\n`;
    }
  }
  return `${text.slice(0, bytes - 1)}\n`;
}
