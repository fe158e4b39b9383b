import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { printablePath } from '../core/path-bytes.ts';
import { holdsKey, recoveryFacts } from '../operations/recovery-facts.ts';
import { placeKit, writeKit, type KitForm } from '../operations/write-recovery-kit.ts';
import { showFindings } from './findings-text.ts';
import { absolute, type KeysOptions } from './keys-options.ts';
import { recoveryPageHtml } from './recovery-page-html.ts';
import { recoveryPageText } from './recovery-page-text.ts';
import { recoveryPage } from './recovery-page.ts';
import type { CommandContext } from './verb.ts';

/** `keys recovery-kit`: a page to print. The key is on the page or nowhere: never in the output. */
export async function runRecoveryKit(context: CommandContext, options: KeysOptions): Promise<ExitCode> {
  const { output, messages, language } = context;
  const { force, output: place } = options;
  const run = await context.open();
  const wish = options['with-key'] ? 'with-key' : options['without-key'] ? 'without-key' : undefined;
  const facts = await recoveryFacts(run, wish);
  const hasKey = holdsKey(facts);
  const { recoveryKit: words, keys } = messages;
  const page = recoveryPage(facts, words);
  const write: Record<KitForm, () => string> = {
    html: () => recoveryPageHtml(page, words, language),
    txt: () => recoveryPageText(page, words),
  };
  const files = placeKit(
    run.settings,
    { output: place === undefined ? undefined : absolute(context, place), force },
    hasKey,
  );
  const { ignored, warnings: unwritten } = await writeKit(
    run,
    files.map((one) => ({ ...one, text: write[one.form]() })),
    { force, holdsKey: hasKey },
  );
  const warnings = [...run.keys.findings, ...unwritten];
  output.document({
    files: files.map(({ file }) => file),
    holdsKey: hasKey,
    ...(facts.backup === undefined ? {} : { backup: facts.backup.id }),
    ...(ignored.length === 0 ? {} : { ignored }),
    warnings,
  });
  for (const { file } of files) output.line(keys.kitWritten(printablePath(file)));
  for (const line of ignored) output.line(keys.ignored(line));
  output.line(hasKey ? output.color.yellow(keys.kitHoldsKey) : keys.kitWithoutKey);
  if (facts.backup === undefined) output.line(keys.kitNoBackup);
  showFindings(warnings, context);
  return exitCode.done;
}
