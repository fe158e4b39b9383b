import { printablePath } from '../core/path-bytes.ts';

/** A word for the shell. */
export function quote(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Commands as a block of Markdown. */
export const code = (lines: readonly string[]): string => `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;

/** Words of somebody else in a text: on one line, and nothing that begins a block or a command. */
export const prose = (text: string): string => printablePath(text).replaceAll('`', "'");
