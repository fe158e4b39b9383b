import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { isBackupError } from '../../lib/core/errors.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { applyRestore } from '../../lib/operations/restore-backup.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { verifyBackup } from '../../lib/operations/verify-backup.ts';
import { contextFor } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';
import { snapshotTree, treeDifferences, type TreeSnapshot } from '../support/tree-snapshot.ts';

let project: TestProject;
let context: RunContext;
let original: TreeSnapshot;

beforeAll(async () => {
  project = new TestProject();
  project.write('config/app.json', '{}');
  project.write('agents/noise', randomBytes(3000));
  for (let at = 0; at < 20; at += 1) project.write(`state/${at}.json`, `${at} words `.repeat(at * 10));
  original = project.snapshot();
  context = await contextFor(project.root);
});

afterAll(() => project.remove());

/** `whole`, or the code of what verify says. */
async function verify(name: string): Promise<string> {
  try {
    const result = await verifyBackup(context, await openBackup(context, name, project.root), 'integrity');
    return result.ok ? 'whole' : (result.problems[0]?.code ?? '');
  } catch (error) {
    if (isBackupError(error) && error.exitCode === 4) return error.code;
    throw error;
  }
}

let restores = 0;

/** `equal`, `different`, or the code of the error. */
async function restore(name: string): Promise<string> {
  restores += 1;
  const destination = project.beside(`restored-${restores}`);
  const request = { destination, overwrite: 'always', deleteExtra: false, skipBackup: true, verify: false } as const;
  try {
    const backup = await openBackup(context, name, project.root);
    // Read as someone else's, an archive of ours keeps no origins: it would not be `equal`.
    if (backup.kind === 'foreign') return 'different';
    await applyRestore(context, await planRestore(context, backup, request));
  } catch (error) {
    if (isBackupError(error) && error.exitCode === 4) return error.code;
    throw error;
  }
  return treeDifferences(original, snapshotTree(destination)).length === 0 ? 'equal' : 'different';
}

/** Every so many bytes, another bit of each, from the file's first byte to its last. */
function* flips(bytes: Buffer, rounds: number): Generator<{ at: number; changed: Buffer }> {
  for (let round = 0; round < rounds; round += 1) {
    const at = Math.floor(((bytes.length - 1) * round) / (rounds - 1));
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (round % 8));
    yield { at, changed };
  }
}

describe('one bit of an archive that changed', () => {
  test.each(['gzip', 'none'] as const)(
    'in a store (%s): verify always finds it; a restore is whole or refused',
    async (compression) => {
      const storage = { ...context.settings.storage, compression };
      const run = { ...context, settings: { ...context.settings, storage } };
      const { id, archive = '' } = await createBackup(run, { type: 'manual' });
      const bytes = readFileSync(archive);
      expect([await verify(id), await restore(id)]).toEqual(['whole', 'equal']);
      for (const { at, changed } of flips(bytes, 120)) {
        writeFileSync(archive, changed);
        expect([at, await verify(id)]).toEqual([at, 'archive-hash']);
        expect([at, await restore(id)]).toEqual([at, expect.stringMatching(/^(equal|ARCHIVE_DAMAGED)$/)]);
      }
      writeFileSync(archive, bytes);
    },
  );

  test.each(['gzip', 'none'] as const)(
    'of one that lies alone (%s): what verify passes is whole',
    async (compression) => {
      const storage = { ...context.settings.storage, compression };
      const run = { ...context, settings: { ...context.settings, storage } };
      const { archive = '' } = await createBackup(run, { type: 'manual' });
      const bytes = readFileSync(archive);
      const alone = project.beside(`alone.tar${compression === 'gzip' ? '.gz' : ''}`);
      const unnoticed: number[] = [];
      for (const { at, changed } of flips(bytes, 240)) {
        writeFileSync(alone, changed);
        const verdict = await verify(alone);
        if (verdict !== 'whole') continue;
        unnoticed.push(at);
        expect([at, await restore(alone)]).toEqual([at, 'equal']);
      }
      // Only a member's own header has bytes that mean nothing: the time in gzip's, the padding of tar's.
      expect(unnoticed.length).toBeLessThan(240 * 0.15);
    },
  );
});
