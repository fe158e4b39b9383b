import { spawnSync } from 'node:child_process';
import { childEnvironment } from '../core/child-environment.ts';
import { health, type HealthCheck, type HealthStatus, type ProgramUse } from './health-check.ts';

/** How each says that it is there. */
const probes: Record<ProgramUse, string[]> = {
  bzip2: ['--help'],
  xz: ['--version'],
  tar: ['--version'],
  openssl: ['version'],
  git: ['--version'],
};

/** What the settings make necessary. */
export interface ProgramNeeds {
  compression: string;
  isEncrypted: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

/** Are the system's programs there? Few are needed: most only by somebody who restores by hand. */
export function checkPrograms(needs: ProgramNeeds): HealthCheck[] {
  const all = Object.keys(probes) as ProgramUse[];
  const environment = childEnvironment(needs.environment);
  const missing = all.filter((program) => !isThere(program, environment));
  const programs = all.filter((program) => !missing.includes(program));
  const there = programs.length === 0 ? [] : [health('programs', 'ok', 'programs-there', { programs })];
  const absent = missing.map((program) =>
    health('programs', gravity(program, needs), 'program-missing', { program, use: program }),
  );
  return [...there, ...absent];
}

function gravity(program: ProgramUse, needs: ProgramNeeds): HealthStatus {
  if (program === needs.compression) return 'problem';
  return program === 'openssl' && needs.isEncrypted ? 'warning' : 'ok';
}

function isThere(program: ProgramUse, env: Record<string, string>): boolean {
  // BusyBox's know no `--version`, and say so with an exit code: that they could be started is what counts.
  return spawnSync(program, probes[program], { env, stdio: 'ignore', timeout: 5000 }).error === undefined;
}
