/** What `sqlite-writer-main.mjs` is to do. */
export interface WriterOptions {
  path: string;
  journalMode: 'wal' | 'delete';
  /**
   * `steady`: one transaction after the other. `lock`: holds the database exclusively until `stop`. `unfinished`: changes
   * every row in a transaction that has reached the file and never ends. `open`: commits once and keeps the connection.
   * `watch`: writes and reads, and notes which generations it sees.
   */
  work: 'steady' | 'lock' | 'unfinished' | 'open' | 'watch';
}

/** What it saw. */
export interface WriterReport {
  commits: number;
  /** Names of the generations seen, in order, each once in a row (`watch`). */
  generations: string[];
  /** What was wrong with what it saw. */
  violations: string[];
}
