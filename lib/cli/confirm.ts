import { BackupError } from '../core/errors.ts';

/** Asks at the terminal; no is the default. @throws BackupError INTERRUPTED on Ctrl-C */
export async function confirm(question: string, signal: AbortSignal): Promise<boolean> {
  const { confirm: ask } = await import('@inquirer/prompts');
  try {
    return await ask({ message: question, default: false }, { signal, output: process.stderr });
  } catch (error) {
    const isLeft = error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError');
    throw isLeft ? new BackupError('INTERRUPTED', {}, { cause: error }) : error;
  }
}
