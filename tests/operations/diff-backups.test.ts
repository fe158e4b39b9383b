import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { diffBackups } from '../../lib/operations/diff-backups.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { contextFor, SetClock } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';
import { startWriter } from '../support/start-writer.ts';

let project: TestProject;
beforeEach(() => {
  project = new TestProject();
  project.write('state/queue.json', '[]');
});
afterEach(() => project.remove());

async function backUp(context: RunContext): Promise<OpenBackup> {
  const { id } = await createBackup(context, { type: 'manual' });
  const backup = await openBackup(context, id, project.root);
  if (backup.kind !== 'backup') throw new Error('it is no backup of ours');
  return backup;
}

test.each([
  ['not copied, so that its lock does not matter', '2090-01-01T00:00:00Z', [1, 0, []]],
  [
    'copied where its times prove nothing, as they are not older than the backup',
    '2000-01-01T00:00:00Z',
    [0, 0, ['not-compared']],
  ],
])('a database to which nothing was committed since is %s', async (_, time, expected) => {
  const database = { path: project.path('app.db'), journalMode: 'wal' } as const;
  await (await startWriter({ ...database, work: 'open' })).stop();
  const clock = new SetClock(time);
  const context = await contextFor(project.root, { clock, databaseTimeoutSeconds: 0.2 });
  const before = await backUp(context);
  const holder = await startWriter({ ...database, work: 'lock' });
  try {
    const result = await diffBackups(context, before, undefined, { targets: ['database'], opensDatabases: true });
    result.close();
    const { counts, warnings } = result;
    expect([counts.unchanged, counts.changed, warnings.map((one) => one.code)]).toEqual(expected);
  } finally {
    await holder.kill();
  }
});

test('a run that is interrupted says so, and leaves nothing', async () => {
  const before = await backUp(await contextFor(project.root));
  // Of the same size, so that it has to be read.
  project.write('state/queue.json', '{}');
  const controller = new AbortController();
  const context = await contextFor(project.root, { signal: controller.signal });
  controller.abort();
  await expect(diffBackups(context, before, undefined, { opensDatabases: true })).rejects.toMatchObject({
    code: 'INTERRUPTED',
  });
});
