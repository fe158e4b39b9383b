import { relative, sep } from 'node:path';
import { exitCode, type ExitCode } from '../core/error-catalogue.ts';
import { printablePath } from '../core/path-bytes.ts';
import { generateKey, type GeneratedKey } from '../operations/generate-key.ts';
import { quote } from '../store/shell-words.ts';
import { showFindings } from './findings-text.ts';
import { absolute, type KeysOptions } from './keys-options.ts';
import type { CommandContext } from './verb.ts';

/** `keys generate`: a new key in a file, and what to do with it. */
export async function runGenerate(context: CommandContext, { file, rsa, force }: KeysOptions): Promise<ExitCode> {
  const run = await context.open();
  const made = await generateKey(run, {
    kind: rsa ? 'pair' : 'secret',
    ...(file === undefined ? {} : { file: absolute(context, file) }),
    force,
  });
  context.output.document(made);
  showMade(context, run.settings.root, made);
  showFindings(made.warnings ?? [], context);
  return exitCode.done;
}

function showMade({ output, messages }: CommandContext, root: string, made: GeneratedKey): void {
  const words = messages.keys;
  const { keyFile, privateKeyFile, publicKeyFile, fingerprint, ignored } = made;
  const next: string[] = [];
  if (keyFile !== undefined) {
    output.line(words.made(printablePath(keyFile)));
    const { use, encrypt, keep, print } = words.nextSecret;
    next.push(use(`BACKUP_ENCRYPTION_KEY_FILE=${dotenvValue(shortName(root, keyFile))}`), encrypt, keep, print);
  }
  if (privateKeyFile !== undefined && publicKeyFile !== undefined) {
    output.line(words.pairMade(printablePath(privateKeyFile), printablePath(publicKeyFile)));
    if (fingerprint !== undefined) output.line(words.fingerprint(fingerprint));
    const { keep, use, restore, print } = words.nextPair;
    next.push(keep, use(`storage.recipients=${JSON.stringify([shortName(root, publicKeyFile)])}`), restore, print);
  }
  if (ignored !== undefined) output.line(words.ignored(ignored));
  output.line();
  output.line(words.next);
  for (const [at, step] of next.entries()) output.line(`  ${at + 1}. ${step.replaceAll('\n', '\n     ')}`);
}

/** Below the project root where it lies there: relative paths of settings and variables begin there. */
function shortName(root: string, file: string): string {
  const name = relative(root, file);
  return name === '..' || name.startsWith(`..${sep}`) ? file : name;
}

const dotenvValue = (path: string): string => (quote(path) === path ? path : JSON.stringify(path));
