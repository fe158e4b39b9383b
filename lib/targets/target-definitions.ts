import picomatch from 'picomatch';
import { BackupError } from '../core/errors.ts';
import type { Settings, TargetSettings } from '../config/settings.ts';
import { nearestName } from '../core/nearest-name.ts';

/**
 * What a target is made of, in words that a manifest can keep: paths and globs below the project root (a folder ends in
 * '/'), and `@databases`, `@environment`, `@access-logs`, `@certificates`, `@env-files` for what is found in other
 * ways.
 */
export interface TargetDefinition {
  name: string;
  sources: string[];
  /** Gitignore-like patterns, relative to the project root; the project's own and the target's. */
  exclude: string[];
}

const defaultSources: Record<string, string[]> = {
  config: ['config/', '.poppo/', '@environment'],
  database: ['@databases'],
  logs: ['logs/**/*.gz'],
  agents: ['data/ccla/', 'data/ccag/', 'data/ccpm/', 'agents/'],
  state: ['state/', 'queue/', 'status/'],
  security: ['@access-logs', '@certificates', '@env-files'],
};

/**
 * The targets of a run, databases last: they are copied beside the packing of the others.
 * @throws BackupError TARGET_UNKNOWN
 */
export function defineTargets(
  settings: Pick<Settings, 'targets' | 'exclude'>,
  selected?: readonly string[],
  exclude: readonly string[] = [],
): TargetDefinition[] {
  const known = settings.targets.map((target) => target.name);
  if (selected?.length === 0) {
    throw new BackupError('OPTION_INVALID', {
      option: 'targets',
      value: '',
      expected: `one or more of ${known.join(', ')}`,
    });
  }
  for (const name of selected ?? []) requireKnown(name, known);
  const chosen = settings.targets.filter((target) => selected === undefined || selected.includes(target.name));
  const defined = chosen.map((target) => ({
    name: target.name,
    sources: sourcesOf(target),
    exclude: [...settings.exclude, ...target.exclude, ...exclude],
  }));
  return defined.sort((a, b) => Number(hasDatabases(a)) - Number(hasDatabases(b)));
}

/** @throws BackupError TARGET_UNKNOWN */
export function requireKnown(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const nearest = nearestName(name, known);
  throw new BackupError('TARGET_UNKNOWN', { name, known: [...known], ...(nearest === undefined ? {} : { nearest }) });
}

export const hasDatabases = (target: TargetDefinition): boolean => target.sources.includes('@databases');

/** True for a target that keeps the `.env` files of the project, encrypted. */
export const hasEnvFiles = (target: TargetDefinition): boolean => target.sources.includes('@env-files');

function sourcesOf(target: TargetSettings): string[] {
  const grouped = Object.values(target.groups).flat();
  if (target.paths !== undefined || grouped.length > 0) return [...new Set([...(target.paths ?? []), ...grouped])];
  return defaultSources[target.name] ?? [];
}

/** Files, folders and globs of one base folder, scanned in one walk. */
export interface FileSource {
  /** The file or folder below the project root; '' for the root. */
  base: string;
  /** Globs relative to the project root; absent when all of it is wanted. */
  globs?: string[];
}

/** Groups a target's paths and globs by the folder they begin in, so that nothing is walked or stored twice. */
export function fileSourcesOf(target: TargetDefinition): FileSource[] {
  const sources: FileSource[] = [];
  for (const text of target.sources) {
    if (text.startsWith('@')) continue;
    const path = text.replace(/^(\.\/)+/, '').replace(/\/+$/, '');
    const scanned = picomatch.scan(path, { parts: false });
    if (!scanned.isGlob) sources.push({ base: path === '.' ? '' : path });
    else sources.push({ base: scanned.base === '.' ? '' : scanned.base.replace(/\/+$/, ''), globs: [path] });
  }
  sources.sort((a, b) => a.base.length - b.base.length);
  const merged: FileSource[] = [];
  for (const source of sources) {
    const around = merged.find((other) => contains(other.base, source.base));
    if (around === undefined) merged.push(source);
    else if (around.globs !== undefined) around.globs.push(...(source.globs ?? [source.base, `${source.base}/**`]));
  }
  return merged;
}

function contains(folder: string, path: string): boolean {
  return folder === '' || folder === path || path.startsWith(`${folder}/`);
}

/** Tells which files the globs name; undefined when all are wanted. */
export function globMatcher(globs: readonly string[] | undefined): ((path: string) => boolean) | undefined {
  return globs === undefined ? undefined : picomatch([...globs], { dot: true });
}
