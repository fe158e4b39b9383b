import type { ManifestEntry } from '../store/manifest.ts';

/** Who is given the content of entries, in the manifest's order, one entry at a time. */
export interface ContentSink {
  /** Told before an entry's content; folders, links and empty files have none. */
  begin(entry: ManifestEntry): void;
  /**
   * The next bytes of the entry. The buffer is valid during the call, and until the promise that it returns is settled. May
   * return one to slow the reading down in the midst of a large file.
   */
  bytes(entry: ManifestEntry, bytes: Buffer): void | Promise<void>;
  /** The entry is whole. May return a promise to slow the reading down. */
  end(entry: ManifestEntry): void | Promise<void>;
  /** The entry's content cannot be read. What `begin` started is over. Throw to stop the reading. */
  failed(entry: ManifestEntry, error: Error): void;
}

/** Reads the contents of a backup. Whoever opens one closes it. */
export interface ContentReader {
  /** Gives the content of these entries to the sink. */
  read(entries: AsyncIterable<readonly ManifestEntry[]>, sink: ContentSink): Promise<void>;
  close(): void;
}
