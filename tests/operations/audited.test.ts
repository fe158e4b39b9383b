import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { KeyRing } from '../../lib/crypto/key-ring.ts';
import { cleanUp } from '../../lib/operations/clean-up.ts';
import { consolidateBackup } from '../../lib/operations/consolidate-backup.ts';
import { createBackup } from '../../lib/operations/create-backup.ts';
import type { CreateResult } from '../../lib/operations/create-result.ts';
import { openBackup } from '../../lib/operations/open-backup.ts';
import type { OpenBackup } from '../../lib/operations/opened-backup.ts';
import { planRestore } from '../../lib/operations/plan-restore.ts';
import { applyRestore } from '../../lib/operations/restore-backup.ts';
import type { RestoreResult } from '../../lib/operations/restore-result.ts';
import type { RunContext } from '../../lib/operations/run-context.ts';
import { verifyAudit } from '../../lib/operations/verify-audit-log.ts';
import { verifyBackup } from '../../lib/operations/verify-backup.ts';
import { verifyStore } from '../../lib/operations/verify-store.ts';
import { withStoreLock } from '../../lib/store/store-lock.ts';
import { openStore } from '../../lib/store/store.ts';
import { contextFor } from '../support/context-for.ts';
import { TestProject } from '../support/make-project.ts';

let project: TestProject;
let context: RunContext;

beforeEach(async () => {
  project = new TestProject();
  project.write('state/queue.json', '[1, 2, 3]\n');
  context = await contextFor(project.root);
});

afterEach(() => project.remove());

type Line = Record<string, unknown>;

const logFile = (): string => join(project.store, 'audit.log');
const linesOf = (): Line[] =>
  readFileSync(logFile(), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const last = (): Line => linesOf().at(-1)!;

const create = (more: Partial<Parameters<typeof createBackup>[1]> = {}, run = context): Promise<CreateResult> =>
  createBackup(run, { type: 'manual', ...more });
const opened = async (name = 'latest', run = context): Promise<OpenBackup> =>
  (await openBackup(run, name, project.root)) as OpenBackup;

async function restore(run = context, more = {}): Promise<RestoreResult> {
  const request = { overwrite: 'always', deleteExtra: false, skipBackup: false, verify: false, ...more } as const;
  return applyRestore(run, await planRestore(run, await opened('latest', run), request));
}

const locked = <T>(body: () => Promise<T>): Promise<T> => {
  const { host, clock, signal } = context;
  const lock = { verb: 'create', host, retrySeconds: 0, clock, signal };
  return withStoreLock(openStore(context.settings.storage), lock, body);
};

/** The context with a passphrase in a file. */
function withKey(secret: string, run = context): RunContext {
  const keyFile = join(project.folder, `${secret}.key`);
  writeFileSync(keyFile, `${secret}\n`, { mode: 0o600 });
  return { ...run, keys: new KeyRing({ root: project.root, environment: {}, keyFile, signal: run.signal }) };
}

const auditProblems = async (run = context): Promise<string[]> =>
  (await verifyAudit(run)).problems.map((one) => one.code);
const auditWarnings = async (run = context): Promise<string[]> =>
  (await verifyAudit(run)).warnings.map((one) => one.code);

describe('what is done is noted:', () => {
  test('a create, with what it made', async () => {
    const { id, files, warnings } = await create();
    expect(linesOf()).toMatchObject([
      { seq: 1, act: 'create', outcome: 'done', backup: id, host: 'host', type: 'manual', mode: 'full', files },
    ]);
    expect(warnings.map((one) => one.code)).not.toContain('audit-unwritten');
    expect(last()).not.toHaveProperty('mac');
  });

  test('a verification, and one of each backup of a store', async () => {
    const { id } = await create();
    const { id: second } = await create();
    await verifyBackup(context, await opened(id), 'content');
    expect(last()).toMatchObject({ act: 'verify', outcome: 'done', backup: id, level: 'content' });
    rmSync(join(project.store, `${id}.tar.gz`));
    mkdirSync(join(project.store, 'backup-2020-01-01T00-00-00-000Z-abcdef'));
    for await (const result of verifyStore(context, 'integrity')) expect(result.warnings).toEqual([]);
    expect(linesOf().slice(-3)).toMatchObject([
      { act: 'verify', outcome: 'found-problems', backup: 'backup-2020-01-01T00-00-00-000Z-abcdef' },
      { act: 'verify', outcome: 'done', backup: second },
      { act: 'verify', outcome: 'found-problems', backup: id, problems: 1 },
    ]);
  });

  test('a restore, with its safety backup, which is one that was made', async () => {
    const { id } = await create();
    project.write('state/queue.json', '[]\n');
    const { safetyBackup } = await restore();
    expect(linesOf().slice(-2)).toMatchObject([
      { act: 'create', outcome: 'done', backup: safetyBackup, type: 'pre-restore' },
      { act: 'restore', outcome: 'done', backup: id, safetyBackup, destination: project.root, overwritten: 1 },
    ]);
    expect(await verifyAudit(context)).toMatchObject({ ok: true, warnings: [] });
  });

  test('a restore that fails and takes its safety backup back: nobody misses that', async () => {
    const { id } = await create();
    project.write('state/queue.json', '[]\n');
    const controller = new AbortController();
    const stopped = await contextFor(project.root, { signal: controller.signal });
    stopped.events.on('phase', (phase) => {
      if (phase === 'stage') controller.abort();
    });
    await expect(restore(stopped)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    const [made, gone, failed] = linesOf().slice(-3);
    expect(made).toMatchObject({ act: 'create', type: 'pre-restore' });
    expect(gone).toMatchObject({ removed: [made!['backup']] });
    expect(failed).toMatchObject({
      act: 'restore',
      outcome: 'interrupted',
      backup: id,
      code: 'INTERRUPTED',
      exitCode: 130,
    });
    expect(await verifyAudit(context)).toMatchObject({ ok: true, warnings: [] });
  });

  test('a cleanup, with what it is going to remove before it removes it', async () => {
    const { id } = await create();
    await create();
    await create();
    const { remove } = await cleanUp(context, { keepCount: 2 });
    expect(remove.map((one) => one.id)).toEqual([id]);
    expect(linesOf().slice(-2)).toMatchObject([
      { act: 'cleanup', outcome: 'begun', removes: [id] },
      { act: 'cleanup', outcome: 'done', removed: [id], removedCount: 1, kept: 2 },
    ]);
    expect(await verifyAudit(context)).toMatchObject({ ok: true, warnings: [] });
  });

  test('a cleanup that was killed leaves nothing that looks stolen', async () => {
    const { id } = await create();
    await create();
    await create();
    await cleanUp(context, { keepCount: 2 });
    const text = readFileSync(logFile(), 'utf8').trimEnd().split('\n').slice(0, -1);
    writeFileSync(logFile(), text.map((line) => `${line}\n`).join(''));
    rmSync(join(project.store, '.state', 'audit-head.json'));
    expect(text.at(-1)).toContain(`"removes":["${id}"]`);
    expect(await auditProblems()).toEqual([]);
  });

  test('a consolidation', async () => {
    await create({ mode: 'full' });
    project.write('state/more.json', '{}');
    const { id } = await create({ mode: 'incremental' });
    const made = (await consolidateBackup(context, await opened(id))) as CreateResult;
    expect(last()).toMatchObject({ act: 'consolidate', outcome: 'done', backup: made.id, from: id, mode: 'full' });
    expect(await verifyAudit(context)).toMatchObject({ ok: true, warnings: [] });
    await consolidateBackup(context, await opened(made.id));
    expect(linesOf()).toHaveLength(3);
  });

  test('not what only looks: dry runs and plans', async () => {
    await create();
    const before = readFileSync(logFile(), 'utf8');
    await cleanUp(context, { dryRun: true, keepCount: 1 });
    await consolidateBackup(context, await opened(), { dryRun: true });
    const request = { overwrite: 'always', deleteExtra: false, skipBackup: false, verify: false } as const;
    await planRestore(context, await opened(), request);
    await verifyAudit(context);
    expect(readFileSync(logFile(), 'utf8')).toBe(before);
  });
});

describe('what was tried is noted:', () => {
  test('without the lock that another run holds', async () => {
    await create();
    await locked(async () => {
      await expect(create()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
      await expect(cleanUp(context)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    });
    expect(linesOf().slice(-2)).toMatchObject([
      { act: 'create', outcome: 'refused', code: 'STORE_LOCKED', exitCode: 11 },
      { act: 'cleanup', outcome: 'refused', code: 'STORE_LOCKED', exitCode: 11 },
    ]);
  });

  test('a create that fails', async () => {
    await create();
    rmSync(project.path('state'), { recursive: true });
    await expect(create()).rejects.toMatchObject({ code: 'NOTHING_TO_BACK_UP' });
    expect(last()).toMatchObject({ act: 'create', outcome: 'failed', code: 'NOTHING_TO_BACK_UP', exitCode: 1 });
    expect(await verifyAudit(context)).toMatchObject({ ok: true, warnings: [] });
  });

  test('a restore that cannot be planned', async () => {
    const { id } = await create();
    const nothing = {
      overwrite: 'always' as const,
      deleteExtra: false,
      skipBackup: false,
      verify: false,
      include: ['no'],
    };
    await expect(planRestore(context, await opened(), nothing)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
    expect(last()).toMatchObject({ act: 'restore', outcome: 'refused', backup: id, code: 'OPTION_INVALID' });
  });

  test('nowhere where there is no store, and none is made for it', async () => {
    await expect(create({ targets: ['nope'] })).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
    expect(existsSync(project.store)).toBe(false);
    mkdirSync(project.store);
    await expect(create({ targets: ['nope'] })).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
    expect(existsSync(logFile())).toBe(false);
  });
});

describe('a log that cannot be written', () => {
  const unwritten = [{ code: 'audit-unwritten' }];

  test('costs no backup, no restore and no cleanup, and is told by each', async () => {
    await create();
    rmSync(logFile());
    mkdirSync(logFile());
    const made = await create();
    expect(made.complete).toBe(true);
    const told = made.warnings.filter((one) => one.code === 'audit-unwritten');
    expect(told).toMatchObject([{ params: { path: logFile() } }]);
    const metadata = JSON.parse(readFileSync(join(made.directory, 'metadata.json'), 'utf8')) as CreateResult;
    expect(metadata.warnings.filter((one) => one.code === 'audit-unwritten')).toEqual([]);
    project.write('state/queue.json', '[]\n');
    expect((await restore()).warnings).toMatchObject(unwritten);
    expect(readFileSync(project.path('state/queue.json'), 'utf8')).toBe('[1, 2, 3]\n');
    expect((await cleanUp(context)).warnings).toMatchObject(unwritten);
    expect(await verifyBackup(context, await opened(), 'integrity')).toMatchObject({ ok: true, warnings: unwritten });
  });

  test('hides no failure', async () => {
    await create();
    rmSync(logFile());
    mkdirSync(logFile());
    await expect(create({ targets: ['nope'] })).rejects.toMatchObject({ code: 'TARGET_UNKNOWN' });
  });
});

describe('with a passphrase', () => {
  test('lines carry a MAC, whatever the act needs of it', async () => {
    const keyed = withKey('correct');
    await create({}, keyed);
    await verifyBackup(keyed, await opened(), 'integrity');
    for (const line of linesOf()) {
      expect(line).toMatchObject({
        macSalt: expect.stringMatching(/^[0-9a-f]{16}$/),
        keyCheck: expect.stringMatching(/^[0-9a-f]{16}$/),
        mac: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
    expect(await verifyAudit(keyed)).toMatchObject({ ok: true, macs: { checked: 2, unchecked: 0, none: 0 } });
    expect(await verifyAudit(context)).toMatchObject({ ok: true, macs: { checked: 0, unchecked: 2, none: 0 } });
    const log = readFileSync(logFile(), 'utf8').replace('"mode":"full"', '"mode":"other"');
    writeFileSync(logFile(), log);
    expect(await auditProblems(keyed)).toContain('audit-line-changed');
  });

  test('that cannot be read, what needs no key is done all the same', async () => {
    const keyFile = join(project.folder, 'nowhere');
    const keys = new KeyRing({ root: project.root, environment: {}, keyFile, signal: context.signal });
    const { id } = await create();
    await verifyBackup({ ...context, keys }, await opened(), 'integrity');
    expect(last()).toMatchObject({ act: 'verify', backup: id, outcome: 'done' });
    expect(last()).not.toHaveProperty('mac');
  });

  test('it is told which key encrypted and opened a backup, and which did not', async () => {
    const { settings } = context;
    const encrypting = { ...context, settings: { ...settings, storage: { ...settings.storage, encrypt: true } } };
    const keyed = withKey('correct-horse', encrypting);
    const { id } = await create({}, keyed);
    expect(last()).toMatchObject({ act: 'create', outcome: 'done', backup: id, key: ['--encryption-key'] });
    project.write('state/queue.json', '[]\n');
    await restore(keyed);
    expect(last()).toMatchObject({ act: 'restore', outcome: 'done', backup: id, key: ['--encryption-key'] });
    const wrong = withKey('wrong-horse', encrypting);
    await expect(restore(wrong)).rejects.toMatchObject({ code: 'KEY_WRONG' });
    expect(last()).toMatchObject({ act: 'restore', outcome: 'refused', code: 'KEY_WRONG', exitCode: 12 });
    expect(last()['tried']).toEqual([expect.stringContaining('--encryption-key')]);
    expect(readFileSync(logFile(), 'utf8')).not.toContain('horse\\n');
    expect(await verifyAudit(keyed)).toMatchObject({ ok: true });
  });
});

test('no secret comes into it', async () => {
  const token = `ghp_${'a1B2c3D4'.repeat(5)}`.slice(0, 40);
  await create();
  const destination = join(project.folder, `token=${token}`);
  mkdirSync(destination);
  await restore(context, { destination });
  expect(last()).toMatchObject({ act: 'restore', destination: expect.stringContaining('[masked:') });
  expect(readFileSync(logFile(), 'utf8')).not.toContain(token);
});

describe('the store against its log', () => {
  test('misses a backup that no act removed', async () => {
    const { id, directory } = await create();
    await create();
    rmSync(directory, { recursive: true });
    rmSync(join(project.store, `${id}.tar.gz`));
    expect(await verifyAudit(context)).toMatchObject({
      ok: false,
      problems: [{ code: 'audit-backup-gone', path: id }],
    });
  });

  test('does not miss one of which the archive is left, or that cannot be read', async () => {
    const { directory } = await create();
    rmSync(directory, { recursive: true });
    expect(await auditProblems()).toEqual([]);
    const other = await create();
    writeFileSync(join(other.directory, 'metadata.json'), '{');
    expect(await auditProblems()).toEqual([]);
  });

  test('tells of a backup that it does not know, and that is no problem', async () => {
    await create();
    const before = readFileSync(logFile());
    const head = readFileSync(join(project.store, '.state', 'audit-head.json'));
    const { id } = await create();
    writeFileSync(logFile(), before);
    writeFileSync(join(project.store, '.state', 'audit-head.json'), head);
    expect(await verifyAudit(context)).toMatchObject({
      ok: true,
      warnings: [{ code: 'audit-backup-unknown', path: id }],
    });
  });

  test('of those older than itself it tells how many there are', async () => {
    await create();
    await create();
    rmSync(logFile());
    rmSync(join(project.store, '.state', 'audit-head.json'));
    expect(await verifyAudit(context)).toMatchObject({
      ok: true,
      lines: 0,
      warnings: [{ code: 'audit-backups-earlier' }],
    });
    const { id } = await create();
    const { warnings } = await verifyAudit(context);
    expect(warnings).toMatchObject([{ code: 'audit-backups-earlier', params: { count: 2 } }]);
    expect(warnings[0]!.path! < id).toBe(true);
  });

  test('an older copy of the store is not what the log says', async () => {
    await create();
    cpSync(project.store, join(project.folder, 'older'), { recursive: true });
    await create();
    const log = readFileSync(logFile());
    rmSync(project.store, { recursive: true });
    renameSync(join(project.folder, 'older'), project.store);
    writeFileSync(logFile(), log);
    expect(await auditProblems()).toEqual(['audit-backup-gone']);
    expect(await auditWarnings()).toEqual([]);
  });
});
