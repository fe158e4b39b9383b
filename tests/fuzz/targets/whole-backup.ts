import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommandLine } from '../../../lib/cli/run-command-line.ts';
import type { TextStream } from '../../../lib/cli/output.ts';
import { embed, putTogether, reckonLines, takeApart } from '../forged-backup.ts';
import type { FuzzTarget } from '../fuzz-case.ts';
import type { FuzzRoom } from '../fuzz-room.ts';
import { foreignTarTarget } from './foreign-tar.ts';
import { zipTarget } from './zip.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateJson, textOf } from '../mutate-json.ts';
import { mutateLines } from '../mutate-lines.ts';

/** Whole backups by the whole command: listed, shown, verified, restored, compared and built on. */
export const wholeBackupTarget: FuzzTarget = {
  name: 'whole-backup',
  share: 10,
  make(random, seeds) {
    if (random.chance(0.25)) {
      const { files } = (random.chance(0.6) ? foreignTarTarget : zipTarget).make(random, seeds);
      const bytes = Object.values(files)[0] ?? Buffer.alloc(0);
      return {
        files: { 'theirs.tar': bytes, 'state/app.json': Buffer.from('{}') },
        options: { id: './theirs.tar', way: 'foreign' },
      };
    }
    const { stores } = seeds;
    const store = random.pick(stores);
    const id = random.pick(store.ids);
    const forged = takeApart(store.files, id);
    if (random.chance(0.75)) mutateLines(random, forged);
    if (random.chance(0.3) && forged.archive !== undefined)
      forged.archive.bytes = mutateBytes(random, forged.archive.bytes);
    if (random.chance(0.85)) reckonLines(forged);
    if (random.chance(0.4)) forged.metadata = mutateJson(random, forged.metadata);
    const isSigned = random.chance(0.9);
    let files = putTogether(store.files, forged, isSigned, (value) => textOf(random, value));
    if (['gzip', 'none'].includes(store.name) && random.chance(0.3)) {
      try {
        files = { ...store.files, 'alone.tar.gz': embed(forged) };
      } catch {
        // It has no place for its manifest any more: it stays in its folder.
      }
    }
    const inStore = Object.entries(files).map(([path, bytes]) => [`backups/${path}`, bytes] as const);
    const project = { 'state/app.json': Buffer.from('{"name": "newer"}'), 'state/extra.txt': Buffer.from('mine') };
    const ways = ['look', 'restore', 'restore-here', 'force', 'build', 'clean'] as const;
    return { files: { ...Object.fromEntries(inStore), ...project }, options: { id, way: random.pick(ways) } };
  },
  async run({ options, files }, room) {
    const id = 'backups/alone.tar.gz' in files ? './backups/alone.tar.gz' : String(options.id);
    for (const args of commandsFor(String(options.way), id, room)) await command(args, room);
  },
};

export function commandsFor(way: string, id: string, room: FuzzRoom): string[][] {
  const to = ['--to', join(room.destination, 'there'), '--yes'];
  switch (way) {
    case 'look':
      return [
        ['list'],
        ['show', id, '--files'],
        ['show', id, '--files', '--json'],
        ['verify', id, '--check-content'],
        ['verify', '--all', '--lang', 'ja'],
        ['verify', id, '--read-data-subset', '1/2'],
        ['diff', id, '--json'],
      ];
    case 'restore':
      return [
        ['restore', id, ...to],
        ['restore', id, ...to, '--overwrite', 'always', '--verify'],
      ];
    case 'foreign':
      return [
        ['show', id, '--files'],
        ['verify', id, '--json'],
        ['restore', id, ...to],
        ['restore', id, '--yes', '--skip-backup'],
      ];
    case 'restore-here':
      return [['restore', id, '--yes', '--delete-extra']];
    case 'force':
      return [['restore', id, ...to, '--force', '--include', 'state', '--include', 'config/environment.json']];
    case 'build':
      return [['create', '--mode', 'incremental'], ['consolidate'], ['list', '--json']];
    default:
      return [
        ['cleanup', '--dry-run', '--keep-count', '1'],
        ['cleanup', '--keep-count', '1'],
        ['list', '--lang', 'ja'],
      ];
  }
}

/** Runs one command in this process. @throws Error where it fails in a way that it has no words for, or prints what it must not. */
export async function command(args: string[], room: FuzzRoom, environment: Record<string, string> = {}): Promise<void> {
  const printed = join(room.temporary, 'printed');
  const fd = openSync(printed, 'w');
  try {
    const stream = { fd, isTTY: false, columns: 100, write: () => true } as unknown as TextStream;
    await runCommandLine({
      argv: [...args, '--root', room.case, '--verbose'],
      environment: { TMPDIR: room.temporary, LANG: 'C', ...environment },
      workingFolder: room.case,
      stdout: stream,
      stderr: stream,
      signal: new AbortController().signal,
    });
  } finally {
    closeSync(fd);
  }
  const text = readFileSync(printed, 'utf8');
  const unexpected = /--verbose (?:to see where it failed|を付けて実行すると)/.test(text);
  if (unexpected) throw new Error(`${args.join(' ')}: ${text.slice(-2000)}`);
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.exec(text);
  if (control !== null)
    throw new Error(
      `${args.join(' ')} prints a control character: ${JSON.stringify(text.slice(Math.max(0, control.index - 60), control.index + 20))}`,
    );
}
