import { parse } from 'dotenv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from '../core/errors.ts';
import { hideKnown, type HideKnown } from '../core/mask-known.ts';

/** Takes the secrets of the process's environment and of the project's `.env` out of what an error says. */
export function hideSecrets(root: string, environment: Readonly<Record<string, string | undefined>>): HideKnown {
  const own = hideKnown(environment);
  const file = hideKnown(readDotenv(root));
  return (text) => file(own(text));
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
