/** What names a key or is one: BACKUP_ENCRYPTION_KEY, …_FILE, …_COMMAND, and what may come. */
const keyVariable = /^BACKUP_ENCRYPTION_/i;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The environment of the programs that a run starts: this process's own, without the variables that hold a key or lead to
 * one. None of them has a use for it, and what a program has, its own children, its core dumps and `ps e` have too. The
 * command that gives the key is no such program: see `crypto/key-command.ts`.
 */
export function childEnvironment(environment: Environment = process.env): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && !keyVariable.test(name)) kept[name] = value;
  }
  return kept;
}
