import Database from 'better-sqlite3';

/** Everything that the addon has made: from Node 24.19 on it must not be collected while no JavaScript runs. */
const kept = [];

/** Opens a database, and keeps what is made for it until the process ends. */
export function openDatabase(file, options) {
  const database = new Database(file, options);
  for (const key of Object.getOwnPropertySymbols(database)) {
    const native = database[key];
    const { prepare } = native;
    native.prepare = (...args) => {
      const statement = prepare.apply(native, args);
      kept.push(statement);
      return statement;
    };
    kept.push(native, database);
  }
  return database;
}
