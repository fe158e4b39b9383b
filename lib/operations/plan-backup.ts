import { codecOf } from '../archive/codecs.ts';
import { BackupError } from '../core/errors.ts';
import { meansIncomplete, type Finding } from '../core/findings.ts';
import { defineTargets, type TargetDefinition } from '../targets/target-definitions.ts';
import { checkOutput } from './archive-place.ts';
import { collectEntries } from './collect-entries.ts';
import type { CreateRequest, TargetTotals } from './create-result.ts';
import { environmentKey } from './environment-key.ts';
import { databasesInStore } from './known-databases.ts';
import { prepareSealing } from './sealing.ts';
import type { RunContext } from './run-context.ts';

/** Everything that can be wrong with a request is found before anything is written. */
export function prepareCreate(context: RunContext, request: CreateRequest): TargetDefinition[] {
  const { storage } = context.settings;
  if (storage.format === 'tar') codecOf(storage.compression);
  if (request.output !== undefined) checkOutput(context.settings, request.output);
  return defineTargets(context.settings, request.targets, request.exclude);
}

/** What a backup would hold, without writing anything: the fields of `backup:create --dry-run --json`. */
export interface BackupPlan {
  dryRun: true;
  files: number;
  size: number;
  targets: Record<string, TargetTotals>;
  warnings: Finding[];
  complete: boolean;
}

/** Looks at what a create would store. Databases are counted as they lie, not copied. */
export async function planBackup(context: RunContext, request: CreateRequest): Promise<BackupPlan> {
  const targets = prepareCreate(context, request);
  const sealing = await prepareSealing(context);
  const plan: BackupPlan = { dryRun: true, files: 0, size: 0, targets: {}, warnings: [], complete: true };
  const collector = collectEntries(context, targets, {
    report: (one) => plan.warnings.push(one),
    knownDatabases: await databasesInStore(context),
    environmentKey: await environmentKey(context, targets, sealing),
  });
  for (const target of targets) {
    const totals = { files: 0, size: 0 };
    for (const entry of await collector.entriesOf(target)) {
      if (entry.kind !== 'file') continue;
      totals.files += 1;
      totals.size += entry.size;
    }
    plan.targets[target.name] = totals;
    plan.files += totals.files;
    plan.size += totals.size;
  }
  if (plan.files === 0) {
    throw new BackupError('NOTHING_TO_BACK_UP', {
      root: context.settings.root,
      targets: targets.map((one) => one.name),
    });
  }
  plan.warnings.push(...context.keys.findings);
  plan.complete = !meansIncomplete(plan.warnings);
  return plan;
}
