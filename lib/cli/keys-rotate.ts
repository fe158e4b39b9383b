import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { printablePath } from '../core/path-bytes.ts';
import { describeError } from '../messages/describe.ts';
import { rewrapBackups } from '../operations/rewrap-backups.ts';
import { rotateKey } from '../operations/rotate-key.ts';
import { showFindings } from './findings-text.ts';
import type { KeysOptions } from './keys-options.ts';
import type { CommandContext } from './verb.ts';

/** `keys rotate`: a new key for new backups; with `--rewrap`, new public keys for those that there are. */
export async function runRotate(context: CommandContext, { rewrap }: KeysOptions): Promise<ExitCode> {
  return rewrap ? runRewrap(context) : runNewKey(context);
}

async function runNewKey(context: CommandContext): Promise<ExitCode> {
  const { output, messages, configFile } = context;
  const words = messages.keys;
  const run = await context.open();
  const rotated = await rotateKey(run, configFile);
  const warnings = [...run.keys.findings, ...(rotated.warnings ?? [])];
  output.document({ ...rotated, warnings });
  output.line(words.rotated(printablePath(rotated.keyFile)));
  output.line(words.oldKept(printablePath(rotated.oldKeyFile), printablePath(rotated.settingsFile)));
  output.line();
  output.line(words.next);
  for (const [at, step] of words.nextRotated.entries()) output.line(`  ${at + 1}. ${step.replaceAll('\n', '\n     ')}`);
  showFindings(warnings, context);
  return exitCode.done;
}

async function runRewrap(context: CommandContext): Promise<ExitCode> {
  const { output, messages, language } = context;
  const words = messages.keys;
  const run = await context.open();
  const done = await rewrapBackups(run);
  const failed = done.failed.map(({ error: _error, ...failure }) => failure);
  const warnings = [...run.keys.findings, ...(done.warnings ?? [])];
  output.document({ ...done, failed, warnings });
  if (done.rewrapped.length === 0) output.line(words.rewrappedNone);
  else {
    output.line(words.rewrapped(done.rewrapped.length, done.recipients.length));
    for (const id of done.rewrapped) output.line(`  ${printablePath(id)}`);
  }
  if (done.unchanged.length > 0) output.line(words.alreadyWrapped(done.unchanged.length));
  if (done.direct.length > 0) output.line(words.direct(done.direct.length));
  for (const { id, error } of done.failed) {
    output.line(words.notRewrapped(printablePath(id), describeError(error, language).message));
  }
  showFindings(warnings, context);
  return done.failed.length > 0 ? exitCode.key : exitCode.done;
}
