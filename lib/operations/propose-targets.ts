import { defaultTargetNames, type DefaultTargetName } from '../config/settings.ts';
import type { SourceKind } from './classify-source.ts';
import type { FoundSource } from './find-sources.ts';

/** A target as the settings file says it. */
export type TargetProposal = true | { paths: string[] };

/** Why a target is proposed: the words of `messages/<lang>/init.ts`. */
export type ProposalReason = 'default-target' | 'plain-logs' | 'knowledge' | 'uploads' | 'data';

export interface ProposedTarget {
  name: string;
  value: TargetProposal;
  reason: ProposalReason;
}

/** The target that holds each kind of source. */
export const targetOfKind: Record<SourceKind, DefaultTargetName | 'knowledge' | 'uploads' | 'data'> = {
  database: 'database',
  config: 'config',
  'packed-logs': 'logs',
  'plain-logs': 'logs',
  'access-logs': 'security',
  agents: 'agents',
  state: 'state',
  knowledge: 'knowledge',
  uploads: 'uploads',
  data: 'data',
  secrets: 'security',
  certificates: 'security',
};

const ownTargets = ['knowledge', 'uploads', 'data'] as const;
const defaultLogPath = 'logs/**/*.gz';

/** The six default targets, and what they would miss: the project's own targets. */
export function proposeTargets(sources: readonly FoundSource[]): ProposedTarget[] {
  const pathsOf = (kind: SourceKind): string[] => sources.filter((one) => one.kind === kind).map((one) => one.source);
  const plainLogs = pathsOf('plain-logs');
  const proposals: ProposedTarget[] = defaultTargetNames.map((name) =>
    name === 'logs' && plainLogs.length > 0
      ? { name, value: { paths: [defaultLogPath, ...plainLogs] }, reason: 'plain-logs' }
      : { name, value: true, reason: 'default-target' },
  );
  for (const name of ownTargets) {
    const paths = pathsOf(name);
    if (paths.length > 0) proposals.push({ name, value: { paths }, reason: name });
  }
  return proposals;
}
