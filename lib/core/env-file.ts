/** A `.env` file of a project, with its real values. */
export interface EnvFile {
  /** Its path below the project root. */
  origin: string;
  /** Permission bits. */
  mode: number;
  uid: number;
  gid: number;
  bytes: Buffer;
}
