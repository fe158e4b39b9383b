import type { Random } from '../core/clock.ts';

/** Which part of a backup's bytes is read: a share of them, so many of them, or one of `of` parts of the same size. */
export type DataSubset =
  | { kind: 'percent'; percent: number }
  | { kind: 'bytes'; bytes: number }
  | { kind: 'group'; group: number; of: number };

const units: Readonly<Record<string, number>> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30, T: 2 ** 40 };
const mostGroups = 1_000_000;

/** Reads `10%`, `2.5%`, `3/7`, `500M`; undefined for what is none of them. */
export function parseDataSubset(text: string): DataSubset | undefined {
  const percent = /^(\d{1,3}(?:\.\d{1,6})?)%$/.exec(text);
  if (percent !== null) {
    const share = Number(percent[1]);
    return share > 0 && share <= 100 ? { kind: 'percent', percent: share } : undefined;
  }
  const group = /^(\d{1,7})\/(\d{1,7})$/.exec(text);
  if (group !== null) {
    const [number, of] = [Number(group[1]), Number(group[2])];
    return number >= 1 && number <= of && of <= mostGroups ? { kind: 'group', group: number, of } : undefined;
  }
  const size = /^(\d{1,12})([KMGT]?)$/i.exec(text);
  if (size === null) return undefined;
  const bytes = Number(size[1]) * (units[size[2]?.toUpperCase() ?? ''] ?? 1);
  return bytes > 0 && Number.isSafeInteger(bytes) ? { kind: 'bytes', bytes } : undefined;
}

/**
 * Chooses pieces by lot until they are as large as asked, at least one; or those of one part, which are the same each
 * time, so that `1/7` to `7/7` together are all of them.
 * @param sizes of the pieces, in bytes.
 * @returns their indexes.
 */
export function chooseSubset(sizes: ArrayLike<number>, subset: DataSubset, random: Random): Set<number> {
  if (subset.kind === 'group') return partOf(sizes, subset.group, subset.of);
  const wanted = subset.kind === 'bytes' ? subset.bytes : (totalOf(sizes) * subset.percent) / 100;
  const order = Uint32Array.from({ length: sizes.length }, (_, at) => at);
  const chosen = new Set<number>();
  let bytes = 0;
  for (let at = 0; at < order.length && (bytes < wanted || at === 0); at += 1) {
    // Fisher and Yates, only as far as it is needed.
    const other = at + (Number.parseInt(random.hex(12), 16) % (order.length - at));
    const piece = order[other] ?? 0;
    order[other] = order[at] ?? 0;
    chosen.add(piece);
    bytes += sizes[piece] ?? 0;
  }
  return chosen;
}

/** The pieces that begin in that part: by bytes, for pieces may be large and small in turns. */
function partOf(sizes: ArrayLike<number>, group: number, of: number): Set<number> {
  const total = Math.max(1, totalOf(sizes));
  const chosen = new Set<number>();
  for (let at = 0, start = 0; at < sizes.length; start += sizes[at] ?? 0, at += 1) {
    if (Math.min(of, Math.floor((start / total) * of) + 1) === group) chosen.add(at);
  }
  return chosen;
}

export function totalOf(sizes: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < sizes.length; at += 1) total += sizes[at] ?? 0;
  return total;
}
