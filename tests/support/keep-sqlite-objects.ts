// Tests open databases themselves; from Node 24 on their objects have to be kept too (see `lib/core/open-sqlite.ts`).
if (Number.parseInt(process.versions.node, 10) >= 24) {
  const { openSqlite } = await import('../../lib/core/open-sqlite.ts');
  openSqlite(':memory:').close();
}
