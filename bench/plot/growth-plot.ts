import { axisOf } from './axis.ts';
import { spreadLabels } from './spread-labels.ts';

/** One line of the drawing. */
export interface GrowthLine {
  label: string;
  /** Bytes at the end of each day; the first is day 0. */
  bytes: readonly number[];
}

const megabyte = 1_000_000;
const size = { width: 800, height: 464 } as const;
/** The frame that the lines are drawn in. On its right stand the labels, so that no legend has to be matched by colour. */
const frame = { left: 68, right: 560, top: 64, bottom: 388 } as const;
const labelHeight = 18;
const darkColours = ['#6cb6ff', '#f69d50', '#57ab5a', '#dcbdfb', '#f47067', '#e0c341', '#8ddb8c'];
const lightColours = ['#0969da', '#bc4c00', '#1a7f37', '#8250df', '#cf222e', '#9a6700', '#116329'];
const dashes = ['', '7 3', '2 3', '10 3 2 3'];

/**
 * Draws stores that grow, as an SVG of its own that a page can show as an image: it follows the reader's light or dark
 * colours. Throws a RangeError where there is nothing to draw.
 */
export function drawGrowth(lines: readonly GrowthLine[], title: string, note: string): string {
  const days = Math.max(...lines.map(({ bytes }) => bytes.length - 1));
  const most = Math.max(...lines.flatMap(({ bytes }) => bytes)) / megabyte;
  if (!(days > 0 && Number.isFinite(most))) throw new RangeError('Growth needs lines of two days or more.');
  const xAxis = axisOf(days, 7);
  const yAxis = axisOf(most, 6);
  const x = (day: number): number => frame.left + (day / days) * (frame.right - frame.left);
  const y = (megabytes: number): number => frame.bottom - (megabytes / yAxis.top) * (frame.bottom - frame.top);

  const ends = lines.map(({ bytes }) => (bytes.at(-1) ?? 0) / megabyte);
  const labelHeights = spreadLabels(ends.map(y), labelHeight, frame.bottom);
  const drawn = lines.map(({ label, bytes }, index) => {
    const points = bytes.map((stored, day) => `${fixed(x(day))},${fixed(y(stored / megabyte))}`);
    const last = bytes.length - 1;
    const end = ends[index] ?? 0;
    const labelY = labelHeights[index] ?? 0;
    const dash = dashes[index % dashes.length] ?? '';
    return [
      `<polyline class="line c${index}" points="${points.join(' ')}"${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`,
      `<circle class="dot c${index}" cx="${fixed(x(last))}" cy="${fixed(y(end))}" r="3.5"/>`,
      `<path class="lead" d="M${fixed(x(last) + 5)} ${fixed(y(end))}L${frame.right + 18} ${fixed(labelY)}"/>`,
      `<text class="name c${index}" x="${frame.right + 22}" y="${fixed(labelY + 5)}">${escaped(label)}: ${grouped(end)} MB</text>`,
    ].join('\n');
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" width="${size.width}" height="${size.height}" role="img" aria-labelledby="title note">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="note">${escaped(note)}</desc>`,
    `<style>${styleOf(lines.length)}</style>`,
    `<rect class="paper" width="${size.width}" height="${size.height}" rx="6"/>`,
    `<text class="title" x="20" y="28">${escaped(title)}</text>`,
    `<text class="axis" x="20" y="50">store size, MB</text>`,
    ...yAxis.ticks.map((tick) => {
      const at = fixed(y(tick));
      return `<path class="grid" d="M${frame.left} ${at}H${frame.right}"/><text class="axis end" x="${frame.left - 8}" y="${fixed(y(tick) + 4)}">${grouped(tick)}</text>`;
    }),
    ...xAxis.ticks
      .filter((tick) => tick <= days)
      .map((tick) => `<text class="axis middle" x="${fixed(x(tick))}" y="${frame.bottom + 20}">${tick}</text>`),
    `<text class="axis middle" x="${(frame.left + frame.right) / 2}" y="${frame.bottom + 38}">days</text>`,
    `<text class="note" x="20" y="${size.height - 16}">${escaped(note)}</text>`,
    ...drawn,
    `</svg>`,
  ].join('\n')}\n`;
}

function styleOf(lines: number): string {
  const colours = (palette: readonly string[]): string =>
    Array.from({ length: lines }, (_, index) => {
      const colour = palette[index % palette.length] ?? '';
      return `.line.c${index}{stroke:${colour}}.dot.c${index},.name.c${index}{fill:${colour}}`;
    }).join('');
  const theme = (paper: string, ink: string, faint: string, palette: readonly string[]): string =>
    `.paper{fill:${paper}}.title,.axis,.note{fill:${ink}}.grid,.lead{stroke:${faint}}${colours(palette)}`;
  return [
    'text{font:13px system-ui,sans-serif}.title{font-size:16px;font-weight:600}.name{font-weight:600}.note{font-size:12px}',
    '.end{text-anchor:end}.middle{text-anchor:middle}.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.grid,.lead{fill:none;stroke-width:1}',
    theme('#ffffff', '#3d444d', '#d8dee4', lightColours),
    `@media (prefers-color-scheme:dark){${theme('#0d1117', '#c9d1d9', '#30363d', darkColours)}}`,
  ].join('');
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
