import { describe, expect, test } from '@jest/globals';
import { environmentWish } from '../../lib/operations/environment-wish.ts';

type Request = Parameters<typeof environmentWish>[1];

const files = ['.env', '.env.local', 'apps/api/.env'];
/** What comes back, and whether it has to. */
function wished(request: Request): [string[], boolean] | undefined {
  const wish = environmentWish('security', request);
  return wish === undefined ? undefined : [files.filter((one) => wish.wants(one)), wish.isFirm];
}

describe('secrets come back', () => {
  const cases: [string, Request, string[], boolean][] = [
    ['by name', { include: ['.env'] }, ['.env'], true],
    ['by name, as a shell completes it', { include: ['./apps/api/.env'] }, ['apps/api/.env'], true],
    ['by a glob of their name', { include: ['**/.env*'] }, files, true],
    ['by any glob that fits, if it can be', { include: ['apps/**'] }, ['apps/api/.env'], false],
    ['with their target', { targets: ['config', 'security'] }, files, true],
    ['by name within their target', { targets: ['security'], include: ['.env'] }, ['.env'], true],
  ];

  test.each(cases)('%s', (_story, request, expected, isFirm) => {
    expect(wished(request)).toEqual([expected, isFirm]);
  });
});

describe('secrets do not come back', () => {
  const cases: [string, Request][] = [
    ['with everything', {}],
    ['with other targets', { targets: ['config'] }],
    ['by name in another target', { targets: ['config'], include: ['.env'] }],
    ['with a folder', { include: ['apps', 'apps/api/'] }],
    ['with another file', { include: ['state/a.json'] }],
  ];

  test.each(cases)('%s', (_story, request) => {
    expect(wished(request)).toBeUndefined();
  });
});
