import { defaultSettings, highestLevel, levelBounds, lowestLevel } from './default-settings.ts';
import type { Loose } from './loose-value.ts';
import type { Compression } from './settings.ts';
import type { SettingsProblem } from './settings-problem.ts';
import { absoluteStore, type Surroundings } from './store-path.ts';

/** Mistakes between the keys of `storage`. */
export function checkStorage(storage: Loose, surroundings: Surroundings): SettingsProblem[] {
  return [
    ...checkPath(storage, surroundings),
    ...checkLevel(storage),
    ...checkFormat(storage),
    ...checkArchiveName(storage),
  ];
}

function checkPath({ path: found }: Loose, surroundings: Surroundings): SettingsProblem[] {
  if (typeof found !== 'string' || found === '') return [];
  const path = ['storage', 'path'];
  const store = absoluteStore(found, surroundings);
  if (store === undefined) {
    const expected = 'a folder below the project root, an absolute one, or "~/…" with HOME set in the environment';
    return [{ path, found, expected }];
  }
  return store === surroundings.root
    ? [{ path, found, expected: 'a folder of its own, not the project root itself' }]
    : [];
}

function checkLevel({
  compression = defaultSettings.storage.compression,
  compressionLevel: found,
}: Loose): SettingsProblem[] {
  if (typeof found !== 'number' || typeof compression !== 'string' || !Object.hasOwn(highestLevel, compression))
    return [];
  // What no codec has is refused by the schema.
  if (found < levelBounds.lowest || found > levelBounds.highest) return [];
  const [lowest, highest] = [lowestLevel[compression as Compression], highestLevel[compression as Compression]];
  if (found >= lowest && found <= highest) return [];
  const expected = `a whole number from ${lowest} to ${highest}, which is what ${compression} has`;
  return [{ path: ['storage', 'compressionLevel'], found, expected }];
}

function checkFormat({ compress, format, compression }: Loose): SettingsProblem[] {
  if (compress === false && (format === 'tar' || format === 'zip')) {
    const expected =
      '"directory", because storage.compress is false; for an archive without compression set compress to true and compression to "none"';
    return [{ path: ['storage', 'format'], found: format, expected }];
  }
  if (compress === true && format === 'directory') {
    return [
      { path: ['storage', 'format'], found: format, expected: '"tar" or "zip", because storage.compress is true' },
    ];
  }
  if (format === 'zip' && typeof compression === 'string' && ['bzip2', 'xz', 'zstd'].includes(compression)) {
    return [
      {
        path: ['storage', 'compression'],
        found: compression,
        expected: '"gzip" or "none", because storage.format is "zip"',
      },
    ];
  }
  return [];
}

/** Two backups with one name would be one file. */
function checkArchiveName({ archiveName: found }: Loose): SettingsProblem[] {
  if (typeof found !== 'string' || found === '') return [];
  const path = ['storage', 'archiveName'];
  const fields = [...found.matchAll(/\{([^}]*)\}/g)].map((match) => match[1] ?? '');
  const strange = fields.find((field) => !['id', 'date', 'time', 'name'].includes(field));
  if (strange !== undefined)
    return [{ path, found, expected: `only {id}, {date}, {time} and {name} in braces, not {${strange}}` }];
  // eslint-disable-next-line no-control-regex -- a file name is not to hold them
  if (/[/\\\u0000-\u001f]/.test(found) || found.startsWith('.')) {
    return [{ path, found, expected: 'a file name without folders that does not begin with a dot' }];
  }
  const isUnique = fields.includes('id') || (fields.includes('date') && fields.includes('time'));
  return isUnique
    ? []
    : [{ path, found, expected: 'a name with {id}, or with {date} and {time}, so that no two backups share it' }];
}
