import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createBackup } from '../../lib/operations/create-backup.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { verifyBackup } from '../../lib/operations/verify-backup.ts';
import { withStoreLock } from '../../lib/store/store-lock.ts';
import { openStore } from '../../lib/store/store.ts';
import { contextFor } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;
let context: RunContext;
let folder: string;

beforeEach(async () => {
  project = new TestProject();
  project.write('config/app.json', '{}');
  context = await contextFor(project.root);
  folder = (await createBackup(context, { type: 'manual' })).directory;
});

afterEach(() => project.remove());

const opened = async (): Promise<OpenBackup> => (await openBackup(context, 'latest', project.root)) as OpenBackup;
const metadataFile = (): string => join(folder, 'metadata.json');
const verifiedAt = (): unknown =>
  (JSON.parse(readFileSync(metadataFile(), 'utf8')) as { verifiedAt?: string }).verifiedAt;

function locked<T>(body: () => Promise<T>): Promise<T> {
  const { host, clock, signal } = context;
  return withStoreLock(
    openStore(context.settings.storage),
    { verb: 'create', host, retrySeconds: 0, clock, signal },
    body,
  );
}

describe('what a verification proved', () => {
  test('is noted under the lock, which is free again afterwards', async () => {
    const { ok, warnings } = await verifyBackup(context, await opened(), 'integrity');
    expect([ok, warnings]).toEqual([true, []]);
    expect(verifiedAt()).toMatch(/^\d{4}-/);
    expect(await locked(() => Promise.resolve('free'))).toBe('free');
  });

  test('stands while another run holds the lock; that it is not noted is told', async () => {
    const backup = await opened();
    const { ok, problems, warnings } = await locked(() => verifyBackup(context, backup, 'integrity'));
    expect([ok, problems]).toEqual([true, []]);
    expect(warnings).toMatchObject([
      { code: 'verification-not-noted', params: { reason: 'another run holds the lock of the store' } },
    ]);
    expect(verifiedAt()).toBeUndefined();
  });

  test('waits for a run that is about to end', async () => {
    const backup = await opened();
    let verifying: ReturnType<typeof verifyBackup> | undefined;
    await locked(async () => {
      verifying = verifyBackup(context, backup, 'integrity');
      await context.clock.sleep(300);
      expect(verifiedAt()).toBeUndefined();
    });
    expect((await verifying)?.warnings).toEqual([]);
    expect(verifiedAt()).toBeDefined();
  });

  test('is noted nowhere for a backup that a cleanup removed meanwhile', async () => {
    const backup = await opened();
    let verifying: ReturnType<typeof verifyBackup> | undefined;
    await locked(async () => {
      verifying = verifyBackup(context, backup, 'integrity');
      await context.clock.sleep(300);
      renameSync(folder, project.beside('removed'));
    });
    expect(await verifying).toMatchObject({ ok: true, warnings: [] });
    expect(existsSync(folder)).toBe(false);
  });
});

test('a backup that was copied out of its store is verified there, and nothing is left beside it', async () => {
  const elsewhere = project.beside('elsewhere');
  mkdirSync(elsewhere);
  const store = openStore(context.settings.storage).path;
  for (const name of readdirSync(store))
    if (name !== '.state') cpSync(join(store, name), join(elsewhere, name), { recursive: true });
  const copy = join(elsewhere, basename(folder));
  const before = [readdirSync(elsewhere), readFileSync(join(copy, 'metadata.json'), 'utf8')];
  expect(await project.done('verify', copy)).toMatchObject({ ok: true, warnings: [] });
  expect([readdirSync(elsewhere), readFileSync(join(copy, 'metadata.json'), 'utf8')]).toEqual(before);
});

test('a person reads that it could not be noted, and the command ends well', async () => {
  const ended = await locked(() => project.tool('verify'));
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/is whole/);
  expect(ended.stderr).toMatch(
    /note: The outcome stands, but could not be noted in .*metadata\.json \(another run holds/,
  );
});
