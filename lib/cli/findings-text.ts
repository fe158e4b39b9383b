import { meansIncomplete, type Finding } from '../core/findings.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeFinding } from '../messages/describe.ts';
import type { CommandContext } from './verb.ts';

const mostShown = 20;

/** Says what a run noticed, on standard error: what data is missing first. */
export function showFindings(
  findings: readonly Finding[],
  context: Pick<CommandContext, 'output' | 'messages' | 'language'>,
): void {
  const { output, messages, language } = context;
  const missing = findings.filter((one) => one.code === 'source-missing');
  const others = findings.filter((one) => one.code !== 'source-missing');
  const ordered = others.sort((a, b) => Number(meansIncomplete([b])) - Number(meansIncomplete([a])));
  const shown = output.verbose ? ordered : ordered.slice(0, mostShown);
  for (const one of shown) {
    const isWarning = meansIncomplete([one]);
    const mark = isWarning ? output.color.yellow(messages.common.warning) : output.color.dim(messages.common.notice);
    output.notice(`${mark}: ${printablePath(describeFinding(one, language))}`);
  }
  if (missing.length > 0) {
    const names = missing.map((one) => printablePath(one.path ?? '')).join(', ');
    output.notice(`${output.color.dim(messages.common.notice)}: ${messages.common.skippedSources(names)}`);
  }
  const rest = ordered.length - shown.length;
  if (rest > 0) output.notice(output.color.dim(messages.common.moreFindings(rest)));
}
