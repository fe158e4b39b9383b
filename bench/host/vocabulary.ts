import { seededRandom, type SeededRandom } from './seeded-random.ts';

/**
 * Text that compresses like text. Random letters would make every tool look slow, and one repeated sentence would make
 * every tool look fast; words drawn with Zipf's frequencies give gzip the ratio that it has on real notes and logs.
 */
export interface Vocabulary {
  word(random: SeededRandom): string;
  /** `least` to `most` words, a capital at its start, a full stop at its end. */
  sentence(random: SeededRandom, least: number, most: number): string;
  /** Words up to about `characters`, without sentences. */
  title(random: SeededRandom, characters: number): string;
  /** Sentences up to about `bytes`, never more. */
  paragraph(random: SeededRandom, bytes: number): string;
}

const commonWords = (
  'the of to and in a is that for it on with as be this by are was at from or not an but can which one all will if ' +
  'we has new more when out so up time about than into only other some use two then do first any my now such like ' +
  'our over even most after also made must before back see where just each those how too state user work down should ' +
  'because through long next still might last own end under never same another while few point place since against ' +
  'agent task error queue review report build failed release schedule memory session project summary decision branch ' +
  'retry merge backup config deploy result timeout message process worker status request response update commit index'
).split(' ');

const syllables = (
  'ba be bi bo ca ce ci co da de di do fa fe fi fo ga ge go ha he hi ho ja jo ka ke ki ko la le li lo ma me mi mo na ' +
  'ne ni no pa pe pi po qui ra re ri ro sa se si so sta ste sti stra ta te ti to tra tri va ve vi vo wa we wi za ' +
  'con per pro ment tion ness ing able ter der ver lin mar tor sen cal net ler ron dex tam'
).split(' ');

const rareWords = 6_000;
/** Turns of phrase that come back, as they do in any project's prose: two to six words each. */
const phraseCount = 3_000;
const phraseShare = 0.5;
const wordsOfPhrase = 4;
/** One slot of the table is one 65,536th of all words: fine enough for the rarest. */
const tableSize = 1 << 16;

export function makeVocabulary(seed: number): Vocabulary {
  const words = makeWords(seed);
  const table = makeZipfTable(words.length);
  const word = (random: SeededRandom): string => words[table[random.uint32() >>> 16] ?? 0] ?? '';
  const phrases = makePhrases(seed, word);
  const phraseTable = makeZipfTable(phrases.length);
  const wordOrPhrase = (random: SeededRandom): string => {
    if (random.uint32() >= phraseShare * 0x1_0000_0000) return word(random);
    return phrases[phraseTable[random.uint32() >>> 16] ?? 0] ?? '';
  };
  const sentence = (random: SeededRandom, least: number, most: number): string => {
    const first = word(random);
    let text = first.charAt(0).toUpperCase() + first.slice(1);
    for (let left = random.between(least, most) - 1; left > 0;) {
      const next = wordOrPhrase(random);
      text += (random.below(10) === 0 ? ', ' : ' ') + next;
      left -= next.includes(' ') ? wordsOfPhrase : 1;
    }
    return `${text}.`;
  };
  return {
    word,
    sentence,
    title: (random, characters) => {
      let text = word(random);
      while (text.length < characters) text += ` ${word(random)}`;
      return text;
    },
    paragraph: (random, bytes) => {
      let text = sentence(random, 6, 18);
      while (text.length < bytes) text += ` ${sentence(random, 6, 18)}`;
      return text.slice(0, bytes);
    },
  };
}

function makeWords(seed: number): string[] {
  const random = seededRandom(seed, 'vocabulary');
  const words = [...commonWords];
  const known = new Set(words);
  while (words.length < commonWords.length + rareWords) {
    // As in a language, rarer words are longer ones.
    const rank = words.length / rareWords;
    let made = '';
    for (let left = random.between(2, rank > 0.25 ? 4 : 3); left > 0; left -= 1) made += random.pick(syllables);
    if (known.has(made)) continue;
    known.add(made);
    words.push(made);
  }
  return words;
}

function makePhrases(seed: number, word: (random: SeededRandom) => string): string[] {
  const random = seededRandom(seed, 'phrases');
  return Array.from({ length: phraseCount }, () =>
    Array.from({ length: random.between(wordsOfPhrase - 2, wordsOfPhrase + 2) }, () => word(random)).join(' '),
  );
}

/** Ranks laid out in proportion to 1 / (rank + 2.7), Mandelbrot's form of Zipf's law. */
function makeZipfTable(count: number): Uint16Array {
  const weights = Array.from({ length: count }, (_, rank) => 1 / (rank + 2.7));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const table = new Uint16Array(tableSize);
  let rank = 0;
  let reached = (weights[0] ?? 0) / total;
  for (let slot = 0; slot < tableSize; slot += 1) {
    while (slot / tableSize >= reached && rank < count - 1) {
      rank += 1;
      reached += (weights[rank] ?? 0) / total;
    }
    table[slot] = rank;
  }
  return table;
}
