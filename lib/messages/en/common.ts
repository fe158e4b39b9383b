import type { Phase } from '../../core/events.ts';
import { countOf } from './count-of.ts';

const phases: Record<Phase, string> = {
  scan: 'Looking around',
  'copy-databases': 'Copying databases',
  pack: 'Packing',
  'check-databases': 'Checking databases',
  publish: 'Publishing',
  verify: 'Verifying',
  plan: 'Planning',
  'safety-backup': 'Safety backup',
  stage: 'Unpacking',
  swap: 'Swapping in',
  'clean-up': 'Cleaning up',
};

export const common = {
  usage: 'ai-backup <command> [options]\n\nThe same commands are there as `npm run backup:<command> -- [options]`.',
  noCommand: 'Which command? For a first backup: ai-backup create',
  root: 'The project root (default: here, or BACKUP_ROOT)',
  encryptionKey: 'File of the key that opens or makes encrypted backups',
  config: 'The settings file (default: config/config.json below the root)',
  json: 'Print one JSON document and nothing else',
  progress: 'With --json: JSON Lines, the progress first',
  quiet: 'Print nothing but errors',
  verbose: 'Print more, and where an error came from',
  lang: 'Language (default: BACKUP_LANG, or the locale)',
  color: 'Colours; --no-color leaves them out, and so does NO_COLOR',
  retryLock: 'Seconds to wait for another run to end',
  seconds: 'a number of seconds, 0 or more',
  givenTwice: (option: string) => `Option --${option} is given more than once; it takes one value.`,
  phases,
  filesCount: (files: number) => countOf(files, 'file'),
  timeLeft: (time: string) => `${time} left`,
  warning: 'warning',
  notice: 'note',
  skippedSources: (names: string) => `not there, skipped: ${names}`,
  moreFindings: (count: number) => `… and ${count} more; --verbose shows all`,
};
