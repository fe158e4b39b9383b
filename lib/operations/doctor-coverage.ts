import { dirname, relative, sep } from 'node:path';
import picomatch from 'picomatch';
import { isBackupError } from '../core/errors.ts';
import { health, type HealthCheck } from '../monitor/health-check.ts';
import { excludeMatcher, isExcludedWithParents } from '../targets/path-matcher.ts';
import { defineTargets, type TargetDefinition } from '../targets/target-definitions.ts';
import { collectEntries } from './collect-entries.ts';
import { environmentKey } from './environment-key.ts';
import { findSources, type FoundSource } from './find-sources.ts';
import { databasesInStore } from './known-databases.ts';
import type { RunContext } from './run-context.ts';

/** A walk that meets more than this is not looking at one project's data any more. */
const maxEntries = 200_000;
const mostTold = 20;

/**
 * What of this project is worth protecting and in no target: databases, data, uploads, logs, state. What the settings exclude is
 * left out on purpose, and so it is here.
 * @param keepsSecrets whether `.env` files are in a backup.
 */
export async function checkCoverage(context: RunContext, keepsSecrets: boolean): Promise<HealthCheck[]> {
  const { settings, signal } = context;
  const targets = defineTargets(settings);
  const store = relative(settings.root, settings.storage.path).split(sep).join('/');
  const scan = await findSources(settings.root, { skip: [store], maxEntries, signal });
  const excludes = targets.map((target) => excludeMatcher(target.exclude));
  const isExcluded = ({ source }: FoundSource): boolean =>
    excludes.some((one) => isExcludedWithParents(source.replace(/\/?\*.*$/, ''), one));
  const wanted = scan.sources.filter((one) => !madeOtherwise.has(one.kind) && !isExcluded(one));
  const { covered, secrets } = await lookAtTargets(context, targets, wanted);
  const bare = wanted.filter((one) => !covered.has(one));
  const checks: HealthCheck[] = bare.slice(0, mostTold).map(tell);
  if (bare.length > mostTold) {
    checks.push(health('coverage', 'warning', 'more-unprotected', { count: bare.length - mostTold }));
  }
  if (!keepsSecrets && secrets.length > 0) {
    checks.push(health('coverage', 'warning', 'env-not-kept', { path: secrets[0] ?? '', count: secrets.length }));
  }
  if (!scan.complete) checks.push(health('coverage', 'warning', 'cut-short', { entries: scan.entries }));
  return checks.length > 0 ? checks : [health('coverage', 'ok', 'covered', {})];
}

/** What is in a backup in another form than its file. */
const madeOtherwise = new Set<string>(['secrets', 'certificates']);

const tell = ({ kind, source, files, size }: FoundSource): HealthCheck =>
  health('coverage', 'warning', 'unprotected', { kind, source, files, size });

/** Which of the sources hold something that a backup would have, and the files of secrets that it would not. */
async function lookAtTargets(
  context: RunContext,
  targets: readonly TargetDefinition[],
  wanted: readonly FoundSource[],
): Promise<{ covered: Set<FoundSource>; secrets: string[] }> {
  const covered = new Set<FoundSource>();
  const secrets = new Set<string>();
  const byPath = new Map<string, FoundSource[]>();
  for (const one of wanted) byPath.set(one.source, [...(byPath.get(one.source) ?? []), one]);
  const globs = wanted
    .filter((one) => one.source.includes('*'))
    .map((one) => ({ one, matches: picomatch(one.source, { dot: true }) }));
  let lastFolder = '';
  const cover = (path: string): void => byPath.get(path)?.forEach((one) => covered.add(one));
  const note = (origin: string): void => {
    cover(origin);
    for (const { one, matches } of globs) if (!covered.has(one) && matches(origin)) covered.add(one);
    // Entries come folder by folder.
    if (dirname(origin) === lastFolder) return;
    lastFolder = dirname(origin);
    for (let folder = lastFolder; folder !== '.' && folder !== '/'; folder = dirname(folder)) cover(folder);
  };
  const collector = collectEntries(context, targets, {
    report: (one) => {
      if (one.code === 'secrets-left-out' && one.path !== undefined) secrets.add(one.path);
      // What cannot be read is in a target all the same; making the backup says so.
      if (one.path !== undefined && /unreadable$/.test(one.code)) note(one.path);
    },
    knownDatabases: await databasesInStore(context),
    environmentKey: await keyOrNone(context, targets),
  });
  for (const target of targets) {
    for (const entry of await collector.entriesOf(target)) {
      if (entry.kind !== 'directory' && entry.origin !== undefined) note(entry.origin);
    }
  }
  return { covered, secrets: [...secrets].sort() };
}

/** A key that cannot be used is told by the check of keys. */
async function keyOrNone(
  context: RunContext,
  targets: readonly TargetDefinition[],
): Promise<Awaited<ReturnType<typeof environmentKey>>> {
  try {
    return await environmentKey(context, targets, undefined);
  } catch (error) {
    if (!isBackupError(error) || error.code === 'INTERRUPTED') throw error;
    return undefined;
  }
}
