import Database from 'better-sqlite3';
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { dateFile, hostEpochSeconds } from './dated-file.ts';
import { makeRows, type HostRows } from './database-rows.ts';
import { seededRandom, type SeededRandom } from './seeded-random.ts';
import type { Vocabulary } from './vocabulary.ts';

const schema = `
  CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, role TEXT NOT NULL,
    settings TEXT NOT NULL, created_at TEXT NOT NULL);
  CREATE TABLE projects (id INTEGER PRIMARY KEY, owner_id INTEGER NOT NULL REFERENCES users (id), title TEXT NOT NULL,
    description TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL);
  CREATE TABLE tasks (id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects (id),
    assignee_id INTEGER NOT NULL REFERENCES users (id), title TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL,
    priority INTEGER NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
  CREATE TABLE events (id INTEGER PRIMARY KEY, task_id INTEGER NOT NULL REFERENCES tasks (id),
    user_id INTEGER NOT NULL REFERENCES users (id), kind TEXT NOT NULL, at TEXT NOT NULL, trace TEXT NOT NULL,
    payload TEXT NOT NULL);
  CREATE INDEX projects_by_owner ON projects (owner_id);
  CREATE INDEX tasks_by_project ON tasks (project_id, status);
  CREATE INDEX tasks_by_assignee ON tasks (assignee_id);
  CREATE INDEX events_by_task ON events (task_id);
  CREATE INDEX events_by_time ON events (at);
`;

/** Rows of a database of the full size; the events fill it up to its bytes. */
const fullSize = { users: 5_000, projects: 1_200, tasks: 70_000 };
const eventsPerTransaction = 500;

/**
 * Builds the application's database, in WAL mode, checkpointed and closed, of at least `bytes` bytes and at most one
 * transaction more. Returns its size in bytes.
 */
export function buildDatabase(
  file: string,
  bytes: number,
  scale: number,
  seed: number,
  vocabulary: Vocabulary,
): number {
  mkdirSync(dirname(file), { recursive: true });
  const random = seededRandom(seed, 'database');
  const count = (full: number): number => Math.max(2, Math.round(full * scale));
  const database = new Database(file);
  try {
    database.pragma('page_size = 4096');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = OFF');
    database.exec(schema);
    const rows = makeRows(database, vocabulary);
    const users = count(fullSize.users);
    const projects = count(fullSize.projects);
    const tasks = count(fullSize.tasks);
    database.transaction(() => {
      for (let id = 1; id <= users; id += 1) rows.insertUser(random, id);
      for (let id = 1; id <= projects; id += 1) rows.insertProject(random, id, users);
      for (let id = 1; id <= tasks; id += 1) rows.insertTask(random, { id, projects, users, at: ageOfTask(id, tasks) });
    })();
    fillWithEvents(database, rows, random, bytes, { tasks, users });
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
  dateFile(file, 0);
  return statSync(file).size;
}

/** Tasks were made evenly over the two years before the epoch. */
function ageOfTask(id: number, tasks: number): number {
  return hostEpochSeconds - Math.round((1 - id / tasks) * 2 * 365 * 86_400);
}

function fillWithEvents(
  database: Database.Database,
  rows: HostRows,
  random: SeededRandom,
  bytes: number,
  limits: { tasks: number; users: number },
): void {
  const pageSize = Number(database.pragma('page_size', { simple: true }));
  const size = (): number => pageSize * Number(database.pragma('page_count', { simple: true }));
  const first = hostEpochSeconds - 365 * 86_400;
  let id = 1;
  do {
    database.transaction(() => {
      for (let left = eventsPerTransaction; left > 0; left -= 1, id += 1) {
        rows.insertEvent(random, { id, ...limits, at: first + id * 40 });
      }
    })();
  } while (size() < bytes);
}
