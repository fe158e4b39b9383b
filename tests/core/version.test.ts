import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { toolkitVersion } from '../../lib/core/version.ts';

test('the toolkit says the version that its package has', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  expect(toolkitVersion).toBe((JSON.parse(text) as { version: string }).version);
});
