import { join } from 'node:path';
import type { EnvFile } from '../core/env-file.ts';
import type { SourceEntry } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { iterations } from '../crypto/derive-keys.ts';
import { fingerprinter, sealEnvFiles, type EnvironmentKey } from '../crypto/env-encryption.ts';
import { certificateReferences } from '../targets/certificate-references.ts';
import { readEnvFiles } from '../targets/environment-files.ts';
import { environmentSnapshot, type Fingerprints } from '../targets/environment-snapshot.ts';
import type { ProjectFiles } from '../targets/find-project-files.ts';
import { excludeMatcher, isExcludedWithParents } from '../targets/path-matcher.ts';
import { hasEnvFiles, type TargetDefinition } from '../targets/target-definitions.ts';
import type { RunContext } from './run-context.ts';

/** The name of the entry that holds the real values of `.env` files, in its target's folder. */
export const envEncryptedName = 'env.encrypted';
export const environmentName = 'environment.json';

export interface MadeEntriesOptions {
  report: (finding: Finding) => void;
  /** What secrets are encrypted with; without it they are left out. */
  key: EnvironmentKey | undefined;
}

/** What is made for the backup: the masked environment, the encrypted `.env` files, the references to certificates. */
export class MadeEntries {
  private readonly context: Pick<RunContext, 'settings' | 'environment'>;
  private readonly found: ProjectFiles;
  private readonly options: MadeEntriesOptions;
  /** Every `.env` file that could be read, where one of the targets needs it. */
  private readonly envFiles: readonly EnvFile[];
  /** The `.env` files of each target that keeps them, read or not. */
  private readonly kept = new Map<string, ReadonlySet<string>>();
  /** Begun ahead: keys are derived on other threads while the project is read. */
  private readonly sealed = new Map<string, Promise<Buffer>>();

  constructor(
    context: Pick<RunContext, 'settings' | 'environment'>,
    targets: readonly TargetDefinition[],
    found: ProjectFiles,
    options: MadeEntriesOptions,
  ) {
    this.context = context;
    this.found = found;
    this.options = options;
    const { key, report } = options;
    const needs = (target: TargetDefinition): boolean =>
      target.sources.includes('@environment') || (key !== undefined && hasEnvFiles(target));
    const asked = targets.find(needs);
    this.envFiles = asked === undefined ? [] : readEnvFiles(context.settings.root, found.envFiles, asked.name, report);
    if (key === undefined) return;
    for (const target of targets.filter(hasEnvFiles)) {
      const isExcluded = excludeMatcher(target.exclude);
      this.kept.set(
        target.name,
        new Set(found.envFiles.filter((origin) => !isExcludedWithParents(origin, isExcluded))),
      );
      const files = this.filesOf(target);
      if (files.length === 0) continue;
      const sealed = sealEnvFiles(key, files);
      // Whoever takes the entry is told.
      sealed.catch(() => undefined);
      this.sealed.set(target.name, sealed);
    }
  }

  /** True for a `.env` file that one of the targets keeps, encrypted; or whose reader has said why not. */
  keeps(origin: string): boolean {
    return [...this.kept.values()].some((origins) => origins.has(origin));
  }

  async of(target: TargetDefinition): Promise<SourceEntry[]> {
    const { root } = this.context.settings;
    const made: SourceEntry[] = [];
    if (target.sources.includes('@environment')) {
      made.push(madeEntry(target.name, environmentName, await this.snapshot()));
    }
    const sealed = await this.sealed.get(target.name);
    if (sealed !== undefined) {
      const holds = this.filesOf(target).map(({ origin }) => origin);
      made.push({ ...madeEntry(target.name, envEncryptedName, sealed), holds });
    }
    const { certificates } = this.found;
    if (target.sources.includes('@certificates') && certificates.length > 0) {
      const files = certificates.map((origin) => ({ origin, readFrom: join(root, origin) }));
      const references = certificateReferences(files);
      for (const one of references.findings) this.options.report(one);
      made.push(madeEntry(target.name, 'certificates.json', references.json));
    }
    return made;
  }

  private filesOf({ name }: TargetDefinition): EnvFile[] {
    return this.envFiles.filter(({ origin }) => this.kept.get(name)?.has(origin) === true);
  }

  private async snapshot(): Promise<Buffer> {
    const { key } = this.options;
    const dotenvFiles = this.envFiles.map(({ origin, bytes }) => ({ origin, text: bytes.toString('utf8') }));
    return environmentSnapshot({
      environment: this.context.environment,
      dotenvFiles,
      runtime: { node: process.version, platform: process.platform, arch: process.arch },
      ...(key === undefined ? {} : { fingerprints: await fingerprintsWith(key) }),
    });
  }
}

/** The fingerprints of `environment.json`, and what it says of them. */
async function fingerprintsWith(key: EnvironmentKey): Promise<Fingerprints> {
  const { secret, salt } = key;
  const keyCheck = await secret.keyCheck(salt);
  const scheme = { salt: salt.toString('hex'), kdf: 'pbkdf2-hmac-sha256', iterations, keyCheck };
  return { scheme, of: await fingerprinter(key) };
}

/** An entry without an origin: restored only where asked. */
function madeEntry(target: string, name: string, content: Buffer): SourceEntry {
  // A time of its own would make every backup's copy differ: what is made has none.
  return {
    target,
    path: `${target}/${name}`,
    kind: 'file',
    mode: 0o600,
    mtimeNs: 0n,
    uid: 0,
    gid: 0,
    size: content.length,
    content,
  };
}
