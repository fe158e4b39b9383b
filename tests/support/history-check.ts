import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expectAsThen, type Moment } from './history-moments.ts';
import { TestProject } from './make-project.ts';
import { snapshotTree } from './tree-snapshot.ts';

/** What `list --json` says that is looked at. */
interface Listed {
  backups: { id: string; mode: string; chain: string[] }[];
}

/**
 * Proves that a store's backups are those of the moments, that they verify, and that each gives what was there then: at its
 * place, in another store, file by file, and of its archives alone. The store is gone afterwards. Throws where it is not so.
 * @param outside a folder with archives of the store's backups.
 */
export async function checkHistory(project: TestProject, moments: readonly Moment[], outside: string): Promise<void> {
  if (moments.length === 0) return;
  await checkChains(project, moments);
  await checkAll(project, moments, 'at its place');
  const elsewhere = new TestProject();
  try {
    renameSync(project.store, elsewhere.store);
    // As somebody's tidy-up leaves it: all of it can be made again.
    rmSync(join(elsewhere.store, '.state'), { recursive: true, force: true });
    const some = moments.filter((_, number) => (moments.length - 1 - number) % 3 === 0);
    await checkAll(elsewhere, some, 'moved elsewhere');
    await checkSingleFiles(elsewhere, moments.slice(-4));
    await checkArchivesAlone(elsewhere, moments, outside);
  } finally {
    elsewhere.remove();
  }
}

async function checkChains(project: TestProject, moments: readonly Moment[]): Promise<void> {
  const { backups } = await project.done<Listed>('list');
  const ids = backups.map(({ id }) => id).sort();
  expectSame('list', ids, moments.map(({ id }) => id).sort());
  for (const { id, mode, chain } of backups) {
    if (chain.at(-1) !== id) throw new Error(`${id}: its chain ends with ${chain.at(-1)}`);
    const gone = chain.filter((one) => !ids.includes(one));
    if (gone.length > 0) throw new Error(`${id}: of its chain ${gone.join(', ')} is gone`);
    if (mode === 'full' && chain.length > 1) throw new Error(`${id} is full, and has a chain`);
  }
}

async function checkAll(project: TestProject, moments: readonly Moment[], where: string): Promise<void> {
  const { code, stdout, stderr } = await project.tool('verify', '--all', '--check-content', '--json');
  if (code !== 0) throw new Error(`verify --all, ${where}, ended with ${code}:\n${stdout}${stderr}`);
  for (const moment of moments) {
    await withRestored(project, [moment.id], (to) => expectAsThen(moment, to, `restored, ${where}`));
  }
}

async function checkSingleFiles(project: TestProject, moments: readonly Moment[]): Promise<void> {
  for (const [number, moment] of moments.entries()) {
    const files = [...moment.files].filter(([, { kind }]) => kind === 'file');
    // Any of them, the same in each run of the same steps.
    const [path, wanted] = files[(number * 5 + 3) % files.length]!;
    await withRestored(project, [moment.id, '--include', path], (to) => {
      const found = [...snapshotTree(to)].filter(([, { kind }]) => kind !== 'directory');
      const shown = found.map(([name, { sha256 }]) => `${name} ${sha256}`);
      expectSame(`${moment.id} --include ${path}`, shown, [`${path} ${wanted.sha256}`]);
    });
  }
}

/** Of a store and of its archives outside of it nothing is left but the archives, in one folder. */
async function checkArchivesAlone(project: TestProject, moments: readonly Moment[], outside: string): Promise<void> {
  const moment = moments.findLast(({ format }) => format === 'tar');
  if (moment === undefined) return;
  const alone = project.beside('alone');
  mkdirSync(alone);
  for (const folder of [project.store, outside]) {
    for (const name of readdirSync(folder).filter((one) => /\.tar(\.\w+)?$/.test(one)))
      renameSync(join(folder, name), join(alone, name));
  }
  rmSync(project.store, { recursive: true });
  const archive = join(alone, basename(moment.archive));
  await withRestored(project, [archive], (to) => expectAsThen(moment, to, 'restored from archives alone'));
}

async function withRestored(
  project: TestProject,
  what: readonly string[],
  look: (folder: string) => void,
): Promise<void> {
  const to = project.beside('restored');
  await project.done('restore', ...what, '--to', to, '--yes');
  look(to);
  rmSync(to, { recursive: true });
}

function expectSame(what: string, found: readonly string[], expected: readonly string[]): void {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}
