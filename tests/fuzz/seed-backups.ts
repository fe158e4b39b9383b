import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { openSqlite } from '../../lib/core/open-sqlite.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { openToolkit } from '../../lib/toolkit.ts';
import { Random } from './random.ts';

/** A store as files by their paths below it, and the IDs of its backups, oldest first. */
export interface SeedStore {
  name: string;
  files: Record<string, Buffer>;
  ids: string[];
}

/** What cases are made from: honest stores, of every format. */
export interface Seeds {
  stores: SeedStore[];
  /** Encrypted with `seedKey`. */
  encrypted: SeedStore[];
}

export const seedKey = 'a key that no enemy has';

/** How a store is made; the first backup of each is full, and what is written between them is in the second. */
export interface SeedStyle {
  name: string;
  storage: Record<string, unknown>;
  backups: number;
  /** Environment of the create. */
  environment?: Record<string, string>;
}

const styles: readonly SeedStyle[] = [
  { name: 'gzip', storage: { compression: 'gzip' }, backups: 1 },
  { name: 'none', storage: { compression: 'none' }, backups: 1 },
  { name: 'chain', storage: { compression: 'gzip' }, backups: 3 },
  { name: 'zip', storage: { format: 'zip' }, backups: 1 },
  { name: 'tree', storage: { format: 'directory' }, backups: 1 },
  { name: 'bzip2', storage: { compression: 'bzip2' }, backups: 1 },
  { name: 'xz', storage: { compression: 'xz' }, backups: 1 },
  ...('zstdCompress' in zlib ? [{ name: 'zstd', storage: { compression: 'zstd' }, backups: 1 }] : []),
];

const encryptedStyles: readonly SeedStyle[] = [
  { name: 'sealed-chain', storage: { encrypt: true }, backups: 2 },
  { name: 'sealed-zip', storage: { encrypt: true, format: 'zip' }, backups: 1 },
].map((style) => ({ ...style, environment: { BACKUP_ENCRYPTION_KEY: seedKey } }));

/** Makes the honest stores in an empty folder. The same for every seed: only IDs and times differ. */
export async function makeSeeds(folder: string): Promise<Seeds> {
  const make = async (of: readonly SeedStyle[]): Promise<SeedStore[]> => {
    const stores: SeedStore[] = [];
    for (const style of of) stores.push(await makeStore(join(folder, style.name), style));
    return stores;
  };
  return { stores: await make(styles), encrypted: await make(encryptedStyles) };
}

async function makeStore(root: string, style: SeedStyle): Promise<SeedStore> {
  mkdirSync(root);
  writeProject(root);
  const storage = { path: 'backups', ...style.storage };
  writeFileSync(join(root, 'config', 'config.json'), JSON.stringify({ backup: { storage } }));
  const ids: string[] = [];
  for (let number = 0; number < style.backups; number += 1) {
    if (number > 0) changeProject(root, number);
    const context = await openToolkit({ root, environment: style.environment ?? {} });
    const request = { type: 'manual', ...(number === 0 ? {} : { mode: 'incremental' }) };
    ids.push((await createBackup(context, request as Parameters<typeof createBackup>[1])).id);
  }
  return { name: style.name, ids, files: filesIn(join(root, 'backups')) };
}

function writeProject(root: string): void {
  const random = new Random(42);
  for (const name of ['config', 'state/queue', 'agents/deep/er', 'agents/empty', 'data']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  writeFileSync(join(root, 'state/app.json'), '{"name": "app"}\n');
  writeFileSync(join(root, 'state/queue/pending.json'), JSON.stringify([...random.bytes(300)]));
  writeFileSync(join(root, 'state/none'), '');
  writeFileSync(join(root, 'agents/deep/er/notes.md'), '# Notes\n'.repeat(50));
  writeFileSync(join(root, 'agents/large.bin'), Buffer.concat([random.bytes(1_200_000), Buffer.alloc(200_000)]));
  symlinkSync('../state/app.json', join(root, 'agents/link'));
  symlinkSync('/etc/passwd', join(root, 'agents/link-out'));
  const database = openSqlite(join(root, 'data', 'app.db'));
  database.exec('CREATE TABLE log (id INTEGER PRIMARY KEY, text TEXT); CREATE INDEX by_text ON log (text)');
  for (let row = 0; row < 40; row += 1) database.prepare('INSERT INTO log (text) VALUES (?)').run(`row ${row}`);
  database.close();
}

/** Some pages of a large file, a new file, one less. */
function changeProject(root: string, number: number): void {
  const large = join(root, 'agents/large.bin');
  const bytes = readFileSync(large);
  bytes.fill(number, 16_384 * number, 16_384 * number + 5000);
  bytes.fill(number, 900_000, 900_010);
  writeFileSync(large, bytes);
  writeFileSync(join(root, `state/new-${number}.json`), `[${number}]`);
}

function filesIn(folder: string, below = ''): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (path === '.state') continue;
    if (entry.isDirectory()) Object.assign(files, filesIn(folder, path));
    else if (entry.isFile()) files[path] = readFileSync(join(folder, path));
  }
  return files;
}
