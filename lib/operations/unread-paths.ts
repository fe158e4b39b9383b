import type { Finding, FindingCode } from '../core/findings.ts';

/** Findings that mean: what is there could not be looked at. */
export const unreadCodes: ReadonlySet<FindingCode> = new Set([
  'file-unreadable',
  'folder-unreadable',
  'folder-unsearched',
  'source-outside',
  'database-locked',
  'database-corrupt',
  'database-unreadable',
]);

/** What one side could not look at: that it has no such entry does not mean that there was none. */
export class UnreadPaths {
  private readonly causes = new Map<string, Finding | undefined>();

  /** @param findings what a backup's metadata tells. */
  constructor(findings: readonly Finding[] = []) {
    for (const one of findings) if (one.path !== undefined && unreadCodes.has(one.code)) this.causes.set(one.path, one);
  }

  add(path: string): void {
    this.causes.set(path, undefined);
  }

  /** The unread path that this one is, or lies below; with the finding that told of it. */
  around(path: string): { path: string; cause: Finding | undefined } | undefined {
    if (this.causes.size === 0) return undefined;
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (this.causes.has(folder)) return { path: folder, cause: this.causes.get(folder) };
    }
    return this.causes.has('.') ? { path: '.', cause: this.causes.get('.') } : undefined;
  }
}
