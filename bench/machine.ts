import { spawnSync } from 'node:child_process';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';

export interface Machine {
  processors: number;
  model: string;
  memoryBytes: number;
  system: string;
  node: string;
  /** Processes that wanted to run in the minute before. */
  load: number;
  /** What each other tool calls itself. */
  versions: Record<string, string>;
}

const versionCommands: Record<string, string[]> = {
  restic: ['restic', 'version'],
  borg: ['borg', '--version'],
  pigz: ['pigz', '--version'],
  zstd: ['zstd', '--version'],
  rsync: ['rsync', '--version'],
  tar: ['tar', '--version'],
};

/** What the figures were measured on. Also warms the tools' programs up, which would otherwise be read from disk in round 1. */
export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processors: processors.length,
    model: processors[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
    versions: Object.fromEntries(
      Object.entries(versionCommands).flatMap(([name, [program = '', ...rest]]) => {
        const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8' });
        const line = (stdout || stderr || '').split('\n')[0]?.trim();
        return status === 0 && line ? [[name, line]] : [];
      }),
    ),
  };
}
