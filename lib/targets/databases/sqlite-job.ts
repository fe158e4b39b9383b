/** What the SQLite process is asked for, and what it answers. All of it goes through JSON. */

/** Paths are absolute, in the toolkit's string form. */
export type SqliteJob =
  | { kind: 'copy'; source: string; destination: string; isChecked: boolean }
  | { kind: 'check'; path: string }
  | { kind: 'describe'; path: string; isCounted: boolean }
  | { kind: 'restore'; staged: string; live: string }
  /** Whether that restore could begin. */
  | { kind: 'probe'; staged: string; live: string }
  /** Opens and closes, so that SQLite removes what a killed connection left. */
  | { kind: 'tidy'; path: string }
  /** Brings what a log or a journal beside a database holds into its file. */
  | { kind: 'fold'; path: string }
  /** Compares a staged database with what was read back from where it was restored to. */
  | { kind: 'compare'; staged: string; readBack: string }
  /** Tells in what two copies of a database differ. */
  | { kind: 'differences'; before: string; after: string };

/** One checked copy of a database. */
export interface SqliteCopy {
  /** Size of the copy's file. */
  bytes: number;
  /** Bytes. */
  pageSize: number;
  pages: number;
  /** Names of its tables, without SQLite's own. */
  tables: string[];
  /** The version of the SQLite library that copied it. */
  version: string;
  userVersion: number;
  /** Tables that could only be read, not checked, because their indexes or rules need functions of the application. */
  unchecked: string[];
}

/** The outcome of a database's integrity check. */
export interface SqliteCheck {
  isWhole: boolean;
  /** What SQLite found, at most 20 lines. */
  problems: string[];
  /** See `SqliteCopy`. */
  unchecked: string[];
}

/** What a database is like. */
export interface SqliteDescription {
  pageSize: number;
  pages: number;
  userVersion: number;
  version: string;
  /** Without SQLite's own; `rows` only where asked for, and where the table can be read without its application. */
  tables: { name: string; rows?: number }[];
}

/** In what two states of a database differ. Rows are absent where a table cannot be read without its application. */
export interface SqliteDifferences {
  added: { name: string; rows?: number }[];
  removed: { name: string; rows?: number }[];
  /**
   * Tables of both whose rows are more or fewer, or whose content is on other pages. `pages`: how many of its pages, and
   * those of its indexes, differ; absent where the pages have another size.
   */
  tables: { name: string; rowsBefore?: number; rowsAfter?: number; pages?: number }[];
  schemaChanged: SqliteSchemaChange[];
  /** Bytes of the pages that differ; absent where the pages have another size. */
  bytes?: number;
}

/** A definition that differs; `before` is absent for a new one, `after` for one that went. */
export interface SqliteSchemaChange {
  /** `table`, `index`, `view` or `trigger`. */
  type: string;
  name: string;
  /** SQL. */
  before?: string;
  after?: string;
}

/** What each kind of job answers. */
export interface SqliteAnswers {
  copy: SqliteCopy;
  check: SqliteCheck;
  describe: SqliteDescription;
  restore: { pages: number };
  probe: null;
  tidy: null;
  fold: null;
  /** `problem`: how it is not even the staged database with later changes. */
  compare: { isEqual: boolean; problem?: string };
  differences: SqliteDifferences;
}

/** Why a job did not do it. */
export interface SqliteFailure {
  /**
   * `busy`: another process holds the database, try again. `corrupt`: what is in the file is no whole database. `full`:
   * no space. `missing`: there is no such file. `aborted`: stopped on demand, nothing changed. `failed`: anything else.
   */
  reason: 'busy' | 'corrupt' | 'full' | 'missing' | 'aborted' | 'failed';
  problem: string;
}

export type SqliteRequest = { job: SqliteJob } | 'abort';

export type SqliteReply =
  | { answer: SqliteAnswers[keyof SqliteAnswers] }
  | { failure: SqliteFailure }
  | { bytes: number; totalBytes: number }
  /** From here on the job holds no lock and its process may be killed. */
  | 'expendable';

/** A failure on its way out of a job. */
export class SqliteJobError extends Error {
  override readonly name = 'SqliteJobError';
  readonly reason: SqliteFailure['reason'];

  constructor(reason: SqliteFailure['reason'], problem: string, options?: { cause?: unknown }) {
    super(problem, options);
    this.reason = reason;
  }
}
