import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { FuzzProcess } from './fuzz-process.ts';

const fixtures = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'fuzz');
const kept = readdirSync(fixtures).filter((name) => name.endsWith('.json'));

const runner = new FuzzProcess();
afterAll(() => runner.close());

describe('what once did harm', () => {
  test.each(kept)('%s is refused, or does none', async (name) => {
    const { found } = await runner.run({ kept: join(fixtures, name) });
    expect(found).toBeUndefined();
  });
});
