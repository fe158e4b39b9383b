import type { FuzzTarget } from '../fuzz-case.ts';
import { mutateBytes } from '../mutate-bytes.ts';
import { mutateJson, textOf } from '../mutate-json.ts';
import type { Random } from '../random.ts';
import { seedKey } from '../seed-backups.ts';
import { command, commandsFor } from './whole-backup.ts';

/** Encrypted stores that somebody without the key has changed, read by who has it: nothing can be signed anew. */
export const encryptedBackupTarget: FuzzTarget = {
  name: 'encrypted',
  share: 4,
  make(random, { encrypted }) {
    const store = random.pick(encrypted);
    const id = random.pick(store.ids);
    const files = { ...store.files };
    const names = Object.keys(files).sort();
    const changes = random.chance(0.7) ? 1 : 3;
    for (let change = 0; change < changes; change += 1) changeOne(random, files, random.pick(names), names);
    const inStore = Object.entries(files).map(([path, bytes]) => [`backups/${path}`, bytes] as const);
    const project = { 'state/app.json': Buffer.from('{"name": "newer"}') };
    const ways = ['restore', 'restore-here', 'force', 'alone'] as const;
    const archive = names.find((name) => name.endsWith('.enc') && !name.includes('/')) ?? '';
    return { files: { ...Object.fromEntries(inStore), ...project }, options: { id, archive, way: random.pick(ways) } };
  },
  async run({ options }, room) {
    const { id, archive, way } = options;
    const isAlone = way === 'alone';
    const named = isAlone ? `./backups/${String(archive)}` : String(id);
    const environment = { BACKUP_ENCRYPTION_KEY: seedKey };
    for (const args of commandsFor(isAlone ? 'restore' : String(way), named, room).slice(0, 1)) {
      await command(args, room, environment);
    }
  },
};

function changeOne(random: Random, files: Record<string, Buffer>, name: string, names: readonly string[]): void {
  const bytes = files[name] ?? Buffer.alloc(0);
  if (name.endsWith('metadata.json') && random.chance(0.7)) {
    files[name] = Buffer.from(textOf(random, mutateJson(random, JSON.parse(bytes.toString('utf8')) as unknown)));
  } else if (random.chance(0.2)) files[name] = files[random.pick(names)] ?? bytes;
  else files[name] = mutateBytes(random, bytes);
}
