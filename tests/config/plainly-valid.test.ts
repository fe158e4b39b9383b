import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isPlainlyValid } from '../../lib/config/plainly-valid.ts';
import { settingsSchema } from '../../lib/config/settings-schema.ts';

/** Settings in which every key that there is has a value. */
const everything = {
  enabled: true,
  schedule: {
    daily: '0 2 * * *',
    weekly: { cron: '0 3 * * 0', mode: 'full', type: 'full', targets: ['state'], timezone: 'Asia/Tokyo' },
  },
  timezone: 'UTC',
  retention: { days: 30, count: 5, hourly: 0, daily: 7, weekly: 4, monthly: 12, yearly: 1 },
  maxBackups: 10,
  incremental: { enabled: true, maxIncrementals: 7 },
  storage: {
    type: 'local',
    path: './backups',
    compress: true,
    compression: 'gzip',
    compressionLevel: 6,
    format: 'tar',
    encrypt: false,
    encryptionKey: 'secret',
    recipients: ['keys/backup.public.pem'],
    oldKeyFiles: ['keys/2025.key'],
    archiveName: '{id}',
    fileMode: '0640',
    folderMode: '0750',
    allowOthersToWrite: true,
  },
  targets: {
    config: true,
    database: { enabled: false },
    logs: ['logs/**/*.gz', 'var/log'],
    agents: 'agents/',
    state: { exclude: '*.bak', groups: { one: 'state/a', two: ['state/b'] } },
    security: false,
    knowledge: { paths: ['kb', '知識'], exclude: ['*.tmp'] },
    uploads: 'data/uploads',
    more: ['more'],
  },
  exclude: ['*.tmp', 'cache/'],
};

const isValid = (settings: unknown): boolean => settingsSchema.safeParse(settings).success;

describe('settings that are plainly valid', () => {
  test.each([
    ['no settings', {}],
    ['every key', everything],
    ['short forms', { schedule: '0 2 * * *', retention: 30, exclude: '*.tmp', targets: {} }],
  ])('are those with %s', (_, settings) => {
    expect([isPlainlyValid(settings), isValid(settings)]).toEqual([true, true]);
  });

  test('are known in all keys that the schema has', () => {
    expect(Object.keys(everything).sort()).toEqual(Object.keys(settingsSchema.shape).sort());
    expect(Object.keys(everything.storage).sort()).toEqual(
      Object.keys(settingsSchema.shape.storage.unwrap().shape).sort(),
    );
  });

  const agree = (settings: unknown): void => {
    // Thousands are asked: only what differs is worth a comparison that can be shown.
    if (isPlainlyValid(settings) !== isValid(settings))
      expect({ settings, plainly: isPlainlyValid(settings) }).toBe({});
  };

  test('and no others: with any value in the place of another, or a key too many or too few', () => {
    for (let at = 0; at < placesIn({ settings: everything }).length; at += 1) {
      for (const value of stands) agree(withChange(everything, { at, how: 'replace', value, key: '' }));
      for (const key of keys) agree(withChange(everything, { at, how: 'add', value: 'x', key }));
      agree(withChange(everything, { at, how: 'remove', value: '', key: '' }));
    }
  });

  test('and no others, however much is wrong', () => {
    const change = fc.record({
      at: fc.nat(1000),
      how: fc.constantFrom('replace', 'remove', 'add'),
      value: fc.oneof(fc.constantFrom(...stands), fc.jsonValue({ maxDepth: 2 })),
      key: fc.constantFrom(...keys),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 2, maxLength: 4 }), (changes) => {
        let settings: unknown = everything;
        for (const one of changes) settings = withChange(settings, one);
        agree(settings);
      }),
      { numRuns: 500 },
    );
  });
});

/** What stands in for a value: of every kind, at every bound, and what the values of other keys are. */
const stands: unknown[] = [
  ...[null, true, false, 'true', '', ' ', 'x', '../x', '/x', '~', '~/x', './', 'a/../b', 'a\0', 'UTC', '+09:00'],
  ...['Asia/Tokio', 'full', 'half', 'local', 's3', 'zip', 'rar', 'zstd', '0600', '600', '0066', '0099', '07000'],
  ...[-1, 0, 1, 1.5, 9, 19, 20, 1e20, Number.MAX_SAFE_INTEGER, [], [''], ['x'], ['x', 5], [['x']], [null], {}],
  ...[{ x: 'x' }, { cron: 'x' }, { cron: '' }, { paths: 'x' }, { days: 1 }, { enabled: true }, { constructor: 1 }],
];

const keys = ['enabled', 'cron', 'mode', 'paths', 'x', 'compression', 'toString', 'days', 'knowledge'];

interface Change {
  /** Counts the values in the order of a walk. */
  at: number;
  how: 'replace' | 'remove' | 'add';
  value: unknown;
  key: string;
}

interface Place {
  owner: Record<string, unknown>;
  key: string;
}

function placesIn(owner: Record<string, unknown>): Place[] {
  return Object.keys(owner).flatMap((key) => {
    const next = owner[key];
    const inside = typeof next === 'object' && next !== null ? placesIn(next as Record<string, unknown>) : [];
    return [{ owner, key }, ...inside];
  });
}

function withChange(settings: unknown, { at, how, value, key }: Change): unknown {
  const copy = structuredClone({ settings });
  const places = placesIn(copy);
  const place = places[at % places.length]!;
  const there = place.owner[place.key];
  if (how === 'replace') place.owner[place.key] = value;
  else if (how === 'add' && typeof there === 'object' && there !== null && !Array.isArray(there)) {
    Object.assign(there, { [key]: value });
  } else if (how === 'remove' && place.owner !== copy && !Array.isArray(place.owner)) delete place.owner[place.key];
  return copy.settings;
}
