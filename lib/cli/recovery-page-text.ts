import { renderUnicodeCompact } from 'uqr';
import type { Messages } from '../messages/messages.ts';
import type { PageKey, RecoveryPage } from './recovery-page.ts';

const lineCharacters = 100;

/** A recovery kit as plain text, to be printed from any editor. Commands stand in the fences of Markdown. */
export function recoveryPageText(page: RecoveryPage, words: Messages['recoveryKit']): string {
  const title = `${page.title}: ${page.project}`;
  const nameWidth = Math.max(...page.facts.map(({ name }) => name.length));
  const blocks = [
    `${title}\n${'='.repeat(title.length)}`,
    page.facts.map(({ name, value }) => `${name.padEnd(nameWidth)}  ${value}`).join('\n'),
    filled(page.caution.isSerious ? `!!! ${page.caution.text}` : page.caution.text),
  ];
  for (const { heading, text, key, commands } of page.sections) {
    if (heading !== undefined) blocks.push(`${heading}\n${'-'.repeat(heading.length)}`);
    blocks.push(...text.map(filled));
    if (key !== undefined) blocks.push(...keyBlocks(key, words));
    if (commands !== undefined) blocks.push(['```sh', ...commands, '```'].join('\n'));
  }
  return `${blocks.join('\n\n')}\n`;
}

function keyBlocks({ groups, isLines, codes }: PageKey, words: Messages['recoveryKit']): string[] {
  const lines = isLines ? groups : inRows(groups, 8).map((row) => row.join(' '));
  const pictures = codes.map((code, at) => {
    // The library draws for light letters on a dark ground; this is ink on paper.
    const picture = renderUnicodeCompact(code, { ecc: 'M', border: 2, invert: true });
    return codes.length === 1 ? picture : `${words.page(at + 1, codes.length)}\n${picture}`;
  });
  return [lines.map((line) => `    ${line}`).join('\n'), ...pictures];
}

function inRows<T>(items: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, at) =>
    items.slice(at * length, (at + 1) * length),
  );
}

/** A paragraph in lines that fit on a page. Text without blanks, as Japanese is, breaks anywhere. */
function filled(text: string): string {
  const lines: string[] = [];
  let line = '';
  // A wide character takes two places.
  const width = (part: string): number => [...part].reduce((sum, one) => sum + (one.charCodeAt(0) > 0x2e7f ? 2 : 1), 0);
  for (const part of text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+|\s+/g) ?? []) {
    if (width(line) + width(part) > lineCharacters && line.trim() !== '' && !/^[、。）」]/.test(part)) {
      lines.push(line.trimEnd());
      line = part.trimStart();
    } else line += part;
  }
  return [...lines, line].join('\n');
}
