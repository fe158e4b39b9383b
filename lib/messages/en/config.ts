import { countOf } from './count-of.ts';

export const config = {
  describe: 'Show, check and change the settings',
  showConfig: 'Show the settings that hold and where each comes from (what it does where nothing else is asked)',
  check: 'Check the settings and say whether they are valid',
  setOption: 'Set one setting: key=value, such as storage.path=./backups; null takes it out. Can be repeated',
  configFile: 'The settings file (the same as --config)',
  keyAndValue: 'key=value, such as retention=14',
  heading: (root: string) => `Settings of ${root}`,
  fromFile: (file: string) => `from ${file}; what stands in no line there is default`,
  allDefault: 'There is no settings file: all is default.',
  atLine: (line: number) => `line ${line}`,
  byDefault: 'default',
  valid: (file: string, targets: number, schedules: number) =>
    `${file}: valid (${countOf(targets, 'target')}, ${countOf(schedules, 'schedule')}).`,
  validDefaults: 'There is no settings file; the defaults hold.',
  isSet: (key: string, file: string) => `Set ${key} in ${file}.`,
  isTakenOut: (key: string, file: string) => `Took ${key} out of ${file}.`,
  fileMade: (file: string) => `Made ${file}.`,
  keyInFile:
    'storage.encryptionKey holds the secret itself. Move it to the environment and write "${BACKUP_ENCRYPTION_KEY}" there.',
};
