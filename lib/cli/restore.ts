import { resolve } from 'node:path';
import { exitCode } from '../core/error-catalogue.ts';
import { BackupError } from '../core/errors.ts';
import type { Finding } from '../core/findings.ts';
import { printablePath } from '../core/path-bytes.ts';
import { openBackup } from '../operations/open-backup.ts';
import { planRestore } from '../operations/plan-restore.ts';
import { applyRestore } from '../operations/restore-backup.ts';
import type { OverwritePolicy } from '../operations/restore-decision.ts';
import { planForeignRestore } from '../operations/restore-foreign.ts';
import {
  changedFolders,
  hasWork,
  type RestorePlan,
  type RestoreRequest,
  type RestoreResult,
} from '../operations/restore-result.ts';
import type { RunContext } from '../operations/run-context.ts';
import { confirm } from './confirm.ts';
import { showFindings } from './findings-text.ts';
import { formatBytes, formatDuration } from './format-amounts.ts';
import { splitList, wordList } from './split-list.ts';
import { defineVerb, type CommandContext } from './verb.ts';

interface RestoreOptions {
  backup: string | undefined;
  targets: string[] | undefined;
  include: string[] | undefined;
  to: string | undefined;
  'dry-run': boolean;
  'skip-backup': boolean;
  'delete-extra': boolean;
  overwrite: OverwritePolicy;
  verify: boolean;
  force: boolean;
  yes: boolean;
}

/** Actions of each kind that a person is shown. */
const mostShown = 30;

/** `restore`: plans, shows the plan, asks, and puts a backup back. */
export const restoreVerb = defineVerb<RestoreOptions>({
  name: 'restore',
  positionals: '[backup]',
  describe: (messages) => messages.restore.describe,
  options: (yargs, { restore: text }) =>
    yargs
      .positional('backup', { type: 'string', describe: text.backup })
      .option('targets', { type: 'string', describe: text.targets, coerce: splitList, requiresArg: true })
      .option('include', { type: 'string', describe: text.include, coerce: wordList, requiresArg: true })
      .option('to', { type: 'string', alias: 'restore-path', describe: text.to, requiresArg: true })
      .option('dry-run', { type: 'boolean', default: false, describe: text.dryRun })
      .option('skip-backup', { type: 'boolean', default: false, describe: text.skipBackup })
      .option('delete-extra', { type: 'boolean', default: false, describe: text.deleteExtra })
      .option('overwrite', {
        choices: ['always', 'if-changed', 'if-newer', 'never'] as const,
        default: 'if-changed' as const,
        describe: text.overwrite,
      })
      .option('verify', { type: 'boolean', default: false, describe: text.verify })
      .option('force', { type: 'boolean', default: false, describe: text.force })
      .option('yes', { type: 'boolean', alias: 'y', default: false, describe: text.yes }),
  run: async (context, options) => {
    const run = await context.open();
    const request: RestoreRequest = {
      ...(options.targets === undefined ? {} : { targets: options.targets }),
      ...(options.include === undefined ? {} : { include: options.include }),
      ...(options.to === undefined ? {} : { destination: resolve(context.workingFolder, options.to) }),
      overwrite: options.overwrite,
      deleteExtra: options['delete-extra'],
      skipBackup: options['skip-backup'],
      verify: options.verify,
      force: options.force,
    };
    const restore = await prepare(context, run, options.backup ?? 'latest', request, options['dry-run']);
    const { plan } = restore;
    try {
      showPlan(context, plan);
      const told = new Set(plan.warnings);
      showFindings(plan.warnings, context);
      if (options['dry-run']) {
        const { actions = [], ...planned } = doneResult(plan);
        const list = context.output.documentWithList({ ...planned, dryRun: true }, 'actions');
        for (const action of actions) list.add(action);
        list.end();
        context.output.line(context.messages.restore.dryRunDone);
        return exitCode.done;
      }
      if (!hasWork(plan)) {
        context.output.document({ ...doneResult(plan), actions: undefined });
        return exitCode.done;
      }
      await askFirst(context, options.yes);
      const result = { ...(await restore.apply()), folders: changedFolders(plan) };
      context.output.document(result);
      showResult(
        context,
        result,
        result.warnings.filter((one) => !told.has(one)),
      );
      return result.notRestored === undefined ? exitCode.done : exitCode.incomplete;
    } finally {
      restore.close();
    }
  },
});

interface Prepared {
  plan: RestorePlan;
  apply(): Promise<RestoreResult>;
  close(): void;
}

async function prepare(
  context: CommandContext,
  run: RunContext,
  name: string,
  request: RestoreRequest,
  isDryRun: boolean,
): Promise<Prepared> {
  const { output } = context;
  // A list of a million actions is for who asked to see it.
  const mostActions = (output.json && isDryRun) || output.verbose ? Number.POSITIVE_INFINITY : 1000;
  const backup = await openBackup(run, name, context.workingFolder);
  if (backup.kind === 'foreign') return planForeignRestore(run, backup, request, mostActions);
  const prepared = await planRestore(run, backup, request, mostActions);
  return { plan: prepared.plan, apply: () => applyRestore(run, prepared), close: () => undefined };
}

/** @throws BackupError CONFIRMATION_NEEDED without a terminal, NOT_CONFIRMED */
async function askFirst(context: CommandContext, isAgreed: boolean): Promise<void> {
  if (isAgreed) return;
  const isAsked = process.stdin.isTTY && process.stderr.isTTY && !context.output.json;
  if (!isAsked) throw new BackupError('CONFIRMATION_NEEDED', { command: 'restore' });
  if (!(await confirm(context.messages.restore.confirm, context.signal))) throw new BackupError('NOT_CONFIRMED', {});
}

/** The result of a plan of which nothing is, or has to be, applied. */
function doneResult(plan: RestorePlan): RestoreResult {
  const { id, destination, counts, bytes, actions, warnings } = plan;
  return {
    id,
    dryRun: false,
    destination,
    created: counts.create,
    overwritten: counts.overwrite,
    unchanged: counts.unchanged,
    kept: counts.keep,
    deleted: counts.delete,
    folders: changedFolders(plan),
    bytes,
    duration: 0,
    actions,
    warnings,
  };
}

function showPlan(context: CommandContext, plan: RestorePlan): void {
  const { output, messages } = context;
  const text = messages.restore;
  const { color } = output;
  const { counts } = plan;
  output.line(color.bold(text.plan(printablePath(plan.id), printablePath(plan.destination))));
  output.line(`  ${text.summary(counts.create, counts.overwrite, counts.unchanged, counts.keep, counts.delete)}`);
  if (!hasWork(plan)) {
    output.line(`  ${text.nothing}`);
    return;
  }
  output.line(`  ${text.writes(formatBytes(plan.bytes))}`);
  const folders = changedFolders(plan);
  if (folders > 0) output.line(`  ${text.folders(folders)}`);
  if (plan.databases.length > 0) output.line(`  ${text.databases(plan.databases.map(printablePath).join(', '))}`);
  output.line();
  showActions(context, plan);
  output.line();
  if (plan.takesSafetyBackup) output.line(text.safety);
  else if (counts.overwrite + counts.delete > 0) output.line(color.yellow(text.noSafety));
}

function showActions(context: CommandContext, plan: RestorePlan): void {
  const { output, messages } = context;
  const text = messages.restore;
  const paint = {
    create: output.color.green,
    overwrite: output.color.yellow,
    delete: output.color.red,
    keep: output.color.dim,
    unchanged: output.color.dim,
  };
  for (const action of ['delete', 'overwrite', 'create', 'keep'] as const) {
    const all = plan.actions.filter((one) => one.action === action);
    const shown = output.verbose ? all : all.slice(0, mostShown);
    for (const one of shown) {
      const reason = one.reason === undefined ? '' : output.color.dim(`  (${text.reasons[one.reason] ?? one.reason})`);
      output.line(`  ${paint[action](text.actions[action])}  ${printablePath(one.path)}${reason}`);
    }
    const rest = plan.counts[action] - shown.length;
    if (rest > 0) output.line(`  ${paint[action](text.actions[action])}  ${text.more(rest)}`);
  }
}

/** @param warnings those that the plan did not tell yet. */
function showResult(context: CommandContext, result: RestoreResult, warnings: readonly Finding[]): void {
  const { output, messages } = context;
  const text = messages.restore;
  output.line();
  const id = printablePath(result.id);
  const { notRestored = 0 } = result;
  output.line(
    notRestored === 0 ? output.color.green(text.done(id)) : output.color.yellow(text.partlyDone(id, notRestored)),
  );
  output.line(`  ${text.summary(result.created, result.overwritten, result.unchanged, result.kept, result.deleted)}`);
  output.line(`  ${text.took(formatBytes(result.bytes), formatDuration(result.duration))}`);
  if (result.safetyBackup !== undefined) output.line(text.safetyMade(result.safetyBackup));
  showFindings(warnings, context);
}
