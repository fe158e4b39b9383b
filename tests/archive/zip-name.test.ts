import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pathOfZipName, zipNameOf } from '../../lib/archive/zip-name.ts';
import { decodePath } from '../../lib/core/path-bytes.ts';

describe('names that a zip can hold', () => {
  test.each([
    ['ordinary names stay', 'config/app.json', 'config/app.json'],
    ['Japanese stays', 'agents/日本語.md', 'agents/日本語.md'],
    ['a percent sign stays', 'logs/100%.log', 'logs/100%.log'],
    ['what looks like an escape is escaped', 'logs/100%25.log', 'logs/100%2525.log'],
    ['bytes that are not UTF-8', 'logs/caf\udce9 100%.log', 'logs/caf%E9 100%25.log'],
    ['other components are left alone', '100%/caf\udce9', '100%/caf%E9'],
    ['backslashes', 'logs/a\\b', 'logs/a%5Cb'],
    ['what zip programs take for a drive', 'c:x/y:z', 'c%3Ax/y:z'],
    ['control characters', 'logs/new\nline\t\u007f', 'logs/new%0Aline%09%7F'],
  ])('%s', (_story, path, name) => {
    expect(zipNameOf(path)).toBe(name);
    expect(pathOfZipName(name)).toBe(path);
  });

  test('every path has its own name, and comes back', () => {
    const component = fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => decodePath(Buffer.from(bytes.map((byte) => (byte === 0 || byte === 0x2f ? 0x25 : byte)))));
    const tricky = fc.string({
      unit: fc.constantFrom('%', '2', '5', 'C', 'a', ':', '\\', '\udce9', 'é'),
      minLength: 1,
    });
    const path = fc.array(fc.oneof(component, tricky), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    fc.assert(
      fc.property(path, (one) => {
        const name = zipNameOf(one);
        expect(name).not.toMatch(/\\|[\udc80-\udcff](?<![\ud800-\udbff].)/);
        expect(pathOfZipName(name)).toBe(one);
      }),
    );
  });

  test('a name that would get too long for a filesystem ends in a hash', () => {
    const [one, other] = ['a', 'b'].map((last) => zipNameOf(`logs/${'\\'.repeat(254)}${last}`));
    expect(one).toMatch(/^logs\/(%5C)+~[0-9a-f]{16}$/);
    expect(Buffer.byteLength(one ?? '')).toBeLessThanOrEqual('logs/'.length + 255);
    expect(other).not.toBe(one);
  });

  test.each(['a%2Fb', '..%2F..%2Fetc', 'x%00y', 'caf%e9', '%41'])('%s was not made by us, and stays', (name) => {
    expect(pathOfZipName(name)).toBe(name);
  });
});
