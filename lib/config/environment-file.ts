import { parse } from 'dotenv';
import { join } from 'node:path';
import { readText } from './settings-file.ts';

/** The variables of the project's `.env`; none where there is no such file. @throws BackupError CONFIG_UNREADABLE */
export async function readEnvironmentFile(root: string): Promise<Record<string, string>> {
  const text = await readText(join(root, '.env'));
  return text === undefined ? {} : parse(text.replace(/^\ufeff/, ''));
}
