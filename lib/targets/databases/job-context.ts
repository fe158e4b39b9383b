import type { SqliteReply } from './sqlite-job.ts';

/** What a running job may ask and tell. */
export interface JobContext {
  isAborted: () => boolean;
  report: (reply: SqliteReply) => void;
}
