import { resolve } from 'node:path';
import type { CommandContext } from './verb.ts';

export const keyActions = ['generate', 'check', 'recovery-kit', 'rotate'] as const;
export type KeyAction = (typeof keyActions)[number];

/** What the options of the four actions parse to. */
export interface KeysOptions {
  action: KeyAction | undefined;
  file: string | undefined;
  rsa: boolean;
  force: boolean;
  output: string | undefined;
  'with-key': boolean;
  'without-key': boolean;
  rewrap: boolean;
}

/** A path of the command line, absolute. */
export const absolute = ({ workingFolder }: CommandContext, path: string): string => resolve(workingFolder, path);
