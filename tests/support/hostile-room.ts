import { expect } from '@jest/globals';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ForeignListing } from '../../lib/archive/foreign-check.ts';
import { extractForeignTar } from '../../lib/archive/foreign-extract.ts';
import type { NameRules } from '../../lib/archive/foreign-names.ts';
import { isBackupError } from '../../lib/core/errors.ts';
import { hostileTar, type TarPart } from '../fixtures/hostile-archives.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from './temporary-folder.ts';

/** How an archive that means harm, or is none, is refused. */
export type Refusal = 'UNSAFE_ENTRY' | 'ARCHIVE_DAMAGED' | 'ARCHIVE_UNKNOWN';

/** An archive that means harm, the folder that it is unpacked into, and one beside it where it would do its harm. */
export class HostileRoom {
  readonly folder = makeTemporaryFolder('hostile');
  readonly into = join(this.folder, 'staging');
  readonly outside = join(this.folder, 'outside');
  readonly file = join(this.folder, 'hostile');

  constructor() {
    mkdirSync(this.into);
    mkdirSync(this.outside);
  }

  /** Makes these bytes the archive. */
  write(bytes: Buffer): string {
    writeFileSync(this.file, bytes);
    return this.file;
  }

  /** Refused with that code and reason, and nothing was written outside; what was unpacked until then is inside. */
  async expectRefused(extraction: Promise<unknown>, code: Refusal, says: RegExp): Promise<void> {
    const error: unknown = await extraction.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!isBackupError(error, code)) throw new Error(`not refused with ${code}`, { cause: error });
    expect(error.message).toMatch(says);
    expect(readdirSync(this.outside)).toEqual([]);
    expect(readdirSync(this.folder).sort()).toEqual(['hostile', 'outside', 'staging']);
  }

  /** The same, and not a byte was written inside either. */
  async expectRefusedAtOnce(extraction: Promise<unknown>, code: Refusal, says: RegExp): Promise<void> {
    await this.expectRefused(extraction, code, says);
    expect(readdirSync(this.into)).toEqual([]);
  }

  remove(): void {
    removeTemporaryFolder(this.folder);
  }
}

/** The same for tars that others made. */
export class HostileTarRoom extends HostileRoom {
  readonly archive = (...parts: Array<TarPart | Buffer>): string => this.write(hostileTar(...parts));

  readonly extract = (file: string, rules: NameRules = {}): Promise<ForeignListing> =>
    extractForeignTar({ file, into: this.into, ...rules });

  readonly refused = (file: string, code: Refusal, says: RegExp): Promise<void> =>
    this.expectRefusedAtOnce(this.extract(file), code, says);
}
