import { openSqlite } from '../core/open-sqlite.ts';
import { health, type HealthCheck } from './health-check.ts';

/** Does better-sqlite3 work here? Databases are copied with it, and the store's lock is one. */
export function checkSqliteLibrary(): HealthCheck[] {
  try {
    const database = openSqlite(':memory:');
    try {
      const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
      return [health('sqlite', 'ok', 'sqlite-works', { version })];
    } finally {
      database.close();
    }
  } catch (error) {
    return [health('sqlite', 'problem', 'sqlite-broken', { error })];
  }
}
