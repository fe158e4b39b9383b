/**
 * The suite's history database: every task that an agent did, and a running total for each agent. Both are written in
 * one transaction, so at every moment the totals agree with the tasks. A backup that breaks this is worth nothing.
 */
import { openDatabase } from './open-database.mjs';

export const agents = ['ccla', 'ccag', 'ccpm'];

/** Opens the database as the application does: WAL mode, and patience while another process holds it. */
export function openHistory(file) {
  const database = openDatabase(file, { timeout: 20_000 });
  database.pragma('journal_mode = WAL');
  return database;
}

export function createHistory(database) {
  database.exec(`
    CREATE TABLE tasks (id INTEGER PRIMARY KEY, agent TEXT NOT NULL, issue INTEGER NOT NULL, tokens INTEGER NOT NULL, note TEXT NOT NULL);
    CREATE TABLE agent_totals (agent TEXT PRIMARY KEY, tasks INTEGER NOT NULL, tokens INTEGER NOT NULL);
    CREATE TABLE lessons (id INTEGER PRIMARY KEY, agent TEXT NOT NULL, lesson TEXT NOT NULL);
  `);
  const total = database.prepare('INSERT INTO agent_totals VALUES (?, 0, 0)');
  for (const agent of agents) total.run(agent);
}

/** Returns a function that records one task in one transaction. */
export function taskRecorder(database) {
  const insert = database.prepare('INSERT INTO tasks (agent, issue, tokens, note) VALUES (?, ?, ?, ?)');
  const add = database.prepare('UPDATE agent_totals SET tasks = tasks + 1, tokens = tokens + ? WHERE agent = ?');
  return database.transaction((agent, issue, tokens) => {
    insert.run(agent, issue, tokens, `Issue ${issue} handled by ${agent}`);
    add.run(tokens, agent);
  });
}

/** True when the totals agree with the tasks: the promise that every transaction keeps. */
export function totalsAgree(database) {
  const wrong = database
    .prepare(
      `SELECT count(*) FROM agent_totals AS total WHERE
         tasks <> (SELECT count(*) FROM tasks WHERE tasks.agent = total.agent) OR
         tokens <> (SELECT coalesce(sum(tokens), 0) FROM tasks WHERE tasks.agent = total.agent)`,
    )
    .pluck()
    .get();
  return wrong === 0 && database.pragma('integrity_check', { simple: true }) === 'ok';
}
