import { describe, expect, test } from '@jest/globals';
import { axisOf } from '../../../bench/plot/axis.ts';
import { drawGrowth } from '../../../bench/plot/growth-plot.ts';
import { spreadLabels } from '../../../bench/plot/spread-labels.ts';

const megabytes = (...sizes: number[]): number[] => sizes.map((size) => size * 1_000_000);

describe('the drawing of growth', () => {
  const svg = drawGrowth(
    [
      { label: 'restic', bytes: megabytes(250, 345, 440) },
      { label: 'ours <gzip>', bytes: megabytes(250, 258, 266) },
    ],
    'Growth & more',
    'Nothing is pruned.',
  );

  test('names each line at its end, with the size that it came to, and both axes', () => {
    expect(svg).toContain('>restic: 440 MB</text>');
    expect(svg).toContain('>ours &lt;gzip&gt;: 266 MB</text>');
    expect(svg).toContain('>store size, MB</text>');
    expect(svg).toContain('>days</text>');
    expect(svg).toContain('<title id="title">Growth &amp; more</title>');
    expect(svg).toContain('Nothing is pruned.');
  });

  test('is higher where a store is larger, and goes from the first day to the last', () => {
    const lines = [...svg.matchAll(/<polyline [^>]*points="([^"]*)"/g)].map(([, points]) =>
      points!.split(' ').map((point) => point.split(',').map(Number)),
    );
    const [restic, ours] = lines;
    expect(restic?.[0]).toEqual(ours?.[0]);
    expect(restic![2]![1]).toBeLessThan(ours![2]![1]!);
    expect(restic!.map(([x]) => x)).toEqual([68, 314, 560]);
  });

  test('follows dark and light', () => {
    expect(svg).toMatch(/@media \(prefers-color-scheme:dark\)\{\.paper\{fill:#0d1117\}/);
  });

  test('of nothing is refused', () => {
    expect(() => drawGrowth([], '', '')).toThrow(RangeError);
    expect(() => drawGrowth([{ label: 'one day', bytes: [1] }], '', '')).toThrow(RangeError);
  });
});

test('axes end at round numbers at or above the largest value', () => {
  expect(axisOf(3_120, 6)).toEqual({ top: 4_000, ticks: [0, 1_000, 2_000, 3_000, 4_000] });
  expect(axisOf(30, 7)).toEqual({ top: 30, ticks: [0, 5, 10, 15, 20, 25, 30] });
  expect(axisOf(9, 7)).toEqual({ top: 10, ticks: [0, 2, 4, 6, 8, 10] });
  expect(axisOf(440, 6)).toEqual({ top: 500, ticks: [0, 100, 200, 300, 400, 500] });
});

test('labels of lines that end together stand above each other, in their order, and none below the frame', () => {
  expect(spreadLabels([300, 100, 304], 18, 388)).toEqual([286, 100, 304]);
  expect(spreadLabels([395, 390], 18, 388)).toEqual([388, 370]);
});
