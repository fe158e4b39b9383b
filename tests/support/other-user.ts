/** Runs something that may not read what root and this test's user may: as `nobody`, where this runs as root. */
export async function withoutPrivileges<T>(body: () => T | Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return body();
  process.setegid?.(65_534);
  process.seteuid?.(65_534);
  try {
    return await body();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
