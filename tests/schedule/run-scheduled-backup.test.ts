import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyRing } from '../../lib/crypto/key-ring.ts';
import { loadSettings } from '../../lib/config/load-settings.ts';
import { systemClock, systemRandom } from '../../lib/core/clock.ts';
import { BackupError } from '../../lib/core/errors.ts';
import { RunEvents } from '../../lib/core/events.ts';
import type { CreateRequest, CreateResult } from '../../lib/operations/create-result.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { runScheduledBackup } from '../../lib/schedule/run-scheduled-backup.ts';

let root: string;
let context: RunContext;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'ai-backup-scheduled-'));
  context = {
    settings: await loadSettings({ root, environment: {} }),
    clock: systemClock,
    random: systemRandom,
    keys: KeyRing.without(),
    environment: {},
    host: 'host',
    events: new RunEvents(),
    signal: new AbortController().signal,
    retryLockSeconds: 0,
    databaseTimeoutSeconds: 15,
  };
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const nightly = { name: 'nightly', cron: '0 2 * * *', timezone: 'UTC' };
const made = { id: 'backup-1', complete: true } as CreateResult;

test('asks for a scheduled backup with what the schedule names, and nothing else', async () => {
  const asked: CreateRequest[] = [];
  const create = async (_context: RunContext, request: CreateRequest): Promise<CreateResult> => {
    asked.push(request);
    return made;
  };
  await runScheduledBackup(context, nightly, create);
  await runScheduledBackup(context, { ...nightly, mode: 'full', targets: ['state'] }, create);
  expect(asked).toEqual([{ type: 'scheduled' }, { type: 'scheduled', mode: 'full', targets: ['state'] }]);
});

test('a cleanup that fails does not take the backup back', async () => {
  // No store was made, so there is none to clean.
  const run = await runScheduledBackup(context, nightly, async () => made);
  expect(run.backup).toBe(made);
  expect(run.cleanup).toBeUndefined();
  expect(run.cleanupError?.code).toBe('STORE_NOT_FOUND');
});

test('nothing is cleaned up after a backup that failed', async () => {
  const noSpace = new BackupError('NO_SPACE', { path: root, operation: 'writing the archive' });
  const create = async (): Promise<CreateResult> => {
    throw noSpace;
  };
  await expect(runScheduledBackup(context, nightly, create)).rejects.toBe(noSpace);
  expect(existsSync(join(root, 'backups'))).toBe(false);
});
