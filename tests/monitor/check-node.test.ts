import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkNode, oldestNode } from '../../lib/monitor/check-node.ts';

const codeOf = (...given: Parameters<typeof checkNode>): unknown =>
  checkNode(...given).map(({ status, code }) => [status, code]);

describe('the Node that this runs on', () => {
  test.each(['20.19.0', '20.20.1', '22.0.0', '100.1.0'])('%s fits', (version) => {
    expect(codeOf(version, false, 'gzip')).toEqual([['ok', 'node-fits']]);
  });

  test.each(['18.20.4', '20.18.3', '20.9.0', '9.99.9'])('%s is too old', (version) => {
    expect(codeOf(version, false, 'gzip')).toEqual([['problem', 'node-too-old']]);
  });

  test('has zstd where the settings ask for it', () => {
    expect(codeOf('20.19.0', false, 'zstd')).toEqual([['problem', 'zstd-missing']]);
    expect(codeOf('22.15.0', true, 'zstd')).toEqual([['ok', 'node-fits']]);
  });

  test('is the one that package.json asks for', () => {
    const file = join(import.meta.dirname, '..', '..', 'package.json');
    const { engines } = JSON.parse(readFileSync(file, 'utf8')) as { engines: { node: string } };
    expect(engines.node).toBe(`>=${oldestNode}`);
  });
});
