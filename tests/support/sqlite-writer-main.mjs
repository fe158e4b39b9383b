/**
 * An application that uses a database while a test does something to it. Run as a process:
 *
 *   node tests/support/sqlite-writer-main.mjs '{"path": "…", "journalMode": "wal", "work": "steady"}'
 *
 * It prints a line `ready` when its work is under way, reads `stop` from standard input, and then prints one JSON line
 * that says what it saw (`sqlite-writer.ts` has the types of both). Its invariant holds in every transaction: `total.amount` is the sum of `movement.amount`, and
 * `total.count` their number.
 */
import { createInterface } from 'node:readline';
import { setImmediate as breathe } from 'node:timers/promises';
import Database from 'better-sqlite3';

/** @type {import('./sqlite-writer.ts').WriterOptions} */
const options = JSON.parse(process.argv[2] ?? '{}');
const database = new Database(options.path, { timeout: 20_000 });
/** @type {import('./sqlite-writer.ts').WriterReport} */
const report = { commits: 0, generations: [], violations: [] };
let isStopped = false;
let stop = () => {};
const stopped = new Promise((resolve) => (stop = resolve));
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line !== 'stop') return;
  isStopped = true;
  stop();
});

database.pragma(`journal_mode = ${options.journalMode}`);
database.exec(`
  CREATE TABLE IF NOT EXISTS movement (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, note BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS total (id INTEGER PRIMARY KEY CHECK (id = 1), amount INTEGER NOT NULL, count INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS generation (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
  INSERT OR IGNORE INTO total VALUES (1, 0, 0);
  INSERT OR IGNORE INTO generation VALUES (1, 'first');
`);

const insert = database.prepare('INSERT INTO movement (amount, note) VALUES (?, zeroblob(300))');
const add = database.prepare('UPDATE total SET amount = amount + ?, count = count + 1');
const move = database.transaction((amount) => {
  insert.run(amount);
  add.run(amount);
});
const look = database.prepare(
  `SELECT (SELECT name FROM generation) AS name, amount, count, (SELECT coalesce(sum(amount), 0) FROM movement) AS sum,
   (SELECT count(*) FROM movement) AS rows FROM total`,
);

function commit() {
  move(1 + (report.commits % 97));
  report.commits += 1;
  // Stays small, so that a look at all of it stays quick.
  if (report.commits % 500 === 0)
    database.exec('BEGIN; DELETE FROM movement; UPDATE total SET amount = 0, count = 0; COMMIT');
}

function watch() {
  const seen = look.get();
  if (seen === undefined || seen.amount !== seen.sum || seen.count !== seen.rows)
    report.violations.push(JSON.stringify(seen));
  const name = seen?.name ?? 'nothing';
  if (report.generations.at(-1) !== name) report.generations.push(name);
}

async function repeat(step) {
  step();
  console.log('ready');
  while (!isStopped) {
    step();
    await breathe();
  }
}

switch (options.work) {
  case 'steady':
    await repeat(commit);
    break;
  case 'watch':
    await repeat(() => {
      commit();
      watch();
    });
    break;
  case 'lock':
    // In WAL mode an exclusive transaction alone keeps no reader out.
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    insert.run(1);
    console.log('ready');
    await stopped;
    database.exec('ROLLBACK');
    break;
  case 'unfinished':
    for (let times = 0; times < 450; times += 1) commit();
    // A cache of a few pages makes SQLite write the transaction into the file long before its end.
    database.pragma('cache_size = 5');
    database.exec('BEGIN; UPDATE movement SET amount = amount + 1, note = randomblob(300)');
    console.log('ready');
    await stopped;
    break;
  case 'open':
    commit();
    console.log('ready');
    await stopped;
    break;
}
database.close();
console.log(JSON.stringify(report));
process.exit(0);
