/** What a person reads about one error. */
export interface ErrorText {
  message: string;
  hint?: string;
}

/** The exit codes of every command (docs: `docs/commands.md`). */
export const exitCode = {
  done: 0,
  failed: 1,
  usage: 2,
  incomplete: 3,
  problemFound: 4,
  notFound: 10,
  locked: 11,
  key: 12,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

export interface ErrorDefinition<P> {
  exitCode: ExitCode;
  text: (params: P) => ErrorText;
}

export const define = <P>(code: ExitCode, text: (params: P) => ErrorText): ErrorDefinition<P> => ({
  exitCode: code,
  text,
});
