/** Where an axis that begins at 0 has its numbers, and where it ends. */
export interface Axis {
  /** The last number, at or above the largest value. */
  top: number;
  /** Round numbers, evenly spaced, from 0 to `top`. */
  ticks: number[];
}

/** Divides 0 to `largest` (above 0) into `mostSteps` steps at most, each 1, 2 or 5 times a power of ten. */
export function axisOf(largest: number, mostSteps: number): Axis {
  const least = largest / mostSteps;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least * (1 - 1e-9)) ?? 10 * power;
  const steps = Math.ceil(largest / step - 1e-9);
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, index) => index * step) };
}
