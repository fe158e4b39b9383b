import { parse } from 'dotenv';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { hideKnown, type HideKnown } from '../core/mask-known.ts';
import { endsLikeKeyFile, fileVariable } from '../crypto/key-file.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Takes the secrets of the process's environment and of the project's `.env` out of what an error says. */
export function hideSecrets(root: string, environment: Variables): HideKnown {
  const own = hideKnown(withoutKeyFile(root, environment));
  const file = hideKnown(withoutKeyFile(root, readDotenv(root)));
  return (text) => file(own(text));
}

/** An error about a key has to name its file; what is neither there nor named like a file may be the key itself. */
function withoutKeyFile(root: string, variables: Variables): Variables {
  const { [fileVariable]: path = '', ...others } = variables;
  return endsLikeKeyFile(path) || existsSync(resolve(root, path)) ? others : variables;
}

/** None where it cannot be read: that is not what the error is about. */
function readDotenv(root: string): Record<string, string> {
  try {
    return parse(readFileSync(join(root, '.env'), 'utf8'));
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return {};
  }
}
