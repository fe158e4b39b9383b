import { join } from 'node:path';
import type { SourceEntry } from '../core/entry.ts';
import type { Finding } from '../core/findings.ts';
import { certificateReferences } from '../targets/certificate-references.ts';
import { environmentSnapshot } from '../targets/environment-snapshot.ts';
import type { ProjectFiles } from '../targets/find-project-files.ts';
import { readTextFiles } from '../targets/read-text-files.ts';
import type { TargetDefinition } from '../targets/target-definitions.ts';
import type { RunContext } from './run-context.ts';

/** What is made for the backup: the masked environment, the references to certificates. */
export function madeEntries(
  target: TargetDefinition,
  context: Pick<RunContext, 'settings' | 'environment'>,
  found: ProjectFiles,
  report: (finding: Finding) => void,
): SourceEntry[] {
  const { root } = context.settings;
  const made: SourceEntry[] = [];
  if (target.sources.includes('@environment')) {
    const dotenvFiles = readTextFiles(root, found.envFiles, target.name, report);
    const runtime = { node: process.version, platform: process.platform, arch: process.arch };
    const content = environmentSnapshot({ environment: context.environment, dotenvFiles, runtime });
    made.push(madeEntry(target.name, 'environment.json', content));
  }
  if (target.sources.includes('@certificates') && found.certificates.length > 0) {
    const files = found.certificates.map((origin) => ({ origin, readFrom: join(root, origin) }));
    const references = certificateReferences(files);
    for (const one of references.findings) report(one);
    made.push(madeEntry(target.name, 'certificates.json', references.json));
  }
  return made;
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
