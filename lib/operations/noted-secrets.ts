import type { FrameTable } from '../store/frame-table.ts';
import { targetOf, type ManifestEntry, type ManifestHeader } from '../store/manifest.ts';
import { environmentWish } from './environment-wish.ts';
import { envEncryptedName, environmentName } from './made-entries.ts';
import type { OpenBackup } from './opened-backup.ts';
import type { RestorePlan, RestoreRequest } from './restore-result.ts';
import type { Destination } from './restore-standing.ts';

/** What of a backup's entries a restore of secrets needs, noted while its manifest is read. */
export class NotedSecrets {
  encrypted: ManifestEntry | undefined;
  environment: ManifestEntry | undefined;
  private readonly request: RestoreRequest;

  constructor(request: RestoreRequest) {
    this.request = request;
  }

  /** @returns true for the entry whose content will be read to restore `.env` files. */
  note(entry: ManifestEntry): boolean {
    if (entry.origin !== undefined || entry.kind !== 'file') return false;
    if (entry.path.endsWith(`/${environmentName}`)) this.environment ??= entry;
    if (!entry.path.endsWith(`/${envEncryptedName}`)) return false;
    this.encrypted ??= entry;
    return this.encrypted === entry && environmentWish(targetOf(entry.path), this.request) !== undefined;
  }
}

/** A restore as far as its secrets need it. */
export interface SecretsPlan {
  backup: OpenBackup;
  header: ManifestHeader;
  frames: FrameTable;
  noted: NotedSecrets;
  destination: Destination;
  request: RestoreRequest;
  plan: RestorePlan;
}
