/**
 * Moves labels upwards until none lies on another: their heights on the page, in the given order, `apart` from each other and none
 * below `lowest` (y grows downwards). Labels stay in the order of their lines' ends.
 */
export function spreadLabels(wanted: readonly number[], apart: number, lowest: number): number[] {
  const placed = [...wanted];
  const fromBelow = wanted.map((_, index) => index).sort((a, b) => (wanted[b] ?? 0) - (wanted[a] ?? 0));
  let free = lowest;
  for (const index of fromBelow) {
    const at = Math.min(wanted[index] ?? 0, free);
    placed[index] = at;
    free = at - apart;
  }
  return placed;
}
