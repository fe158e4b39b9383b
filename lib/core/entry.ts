/**
 * One file, folder, link or dump inside a backup.
 *
 * Paths are strings of the toolkit's form (`path-bytes.ts`), with `/` between components and no leading `/`.
 */
export interface Entry {
  /** Where it stands inside the backup: `<target>/<name of its source>/<rest>`. */
  path: string;
  /** Its path below the project root; absent for what was made for the backup (environment.json). */
  origin?: string;
  kind: EntryKind;
  /** Permission bits, 0 to 0o7777. */
  mode: number;
  /** Nanoseconds since 1970. */
  mtimeNs: bigint;
  ctimeNs?: bigint;
  inode?: bigint;
  uid: number;
  gid: number;
  /** Bytes of content: 0 for folders and links. */
  size: number;
  /** What a link says, in the toolkit's string form. */
  linkTarget?: string;
  /** Set for a database: what is stored is a checked copy of it, never its file as it lies there. */
  database?: DatabaseKind;
  /** A database's file, and its log, as they were before it was copied. */
  live?: LiveDatabase;
}

/** What tells whether anything was committed to a database since: its file's size in bytes, its counter, its log. */
export interface LiveDatabase {
  size: number;
  changeCounter: number;
  /** Absent where there was no log, or an empty one. */
  wal?: { size: number; mtimeNs: bigint; inode: bigint };
}

/** An entry as the targets give it, before it is stored. */
export interface SourceEntry extends Entry {
  target: string;
  /** Where the bytes are read from; absent for folders, links and `content`. */
  readFrom?: string;
  /** The bytes themselves, for what was made for the backup. */
  content?: Buffer;
  /** Paths below the project root of what it holds, where it was made of several files. */
  holds?: readonly string[];
  /** Bytes of the blocks that it changes in: a database's page size. */
  blockSize?: number;
  /**
   * What an incremental backup takes over from its base without a look at the file: the `content`, known to be the same, or
   * the whole `entry` as it was.
   */
  takeOver?: 'content' | 'entry';
  /** Told of bytes as they are read from the file. */
  onRead?: (bytes: number) => void;
}

export type EntryKind = 'file' | 'directory' | 'symlink';

export type DatabaseKind = 'sqlite';

/** What a project's databases are like, for metadata.json. */
export interface DatabaseSummary {
  /** Its path below the project root. */
  name: string;
  kind: DatabaseKind;
  /** The version of the library that copied it. */
  version: string;
  /** Names of its tables, without SQLite's own. */
  tables?: string[];
}
