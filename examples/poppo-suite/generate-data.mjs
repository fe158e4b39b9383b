/**
 * Makes the data of a small agent suite, the same bytes each time:
 *
 *   node generate-data.mjs PROJECT
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { agents, createHistory, openHistory, taskRecorder } from './history.mjs';
import { openDatabase } from './open-database.mjs';

const project = process.argv[2] ?? '.';
const firstDay = Date.UTC(2026, 5, 1);
const dayMs = 24 * 60 * 60 * 1000;

const dayOf = (number) => new Date(firstDay + number * dayMs).toISOString().slice(0, 10);

function write(path, content, mode = 0o644) {
  const file = join(project, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode });
}

const writeJson = (path, value) => write(path, `${JSON.stringify(value, null, 2)}\n`);

function removeDatabase(path) {
  for (const ending of ['', '-wal', '-shm']) rmSync(join(project, path + ending), { force: true });
  mkdirSync(dirname(join(project, path)), { recursive: true });
}

/** Agents' work: rows that belong together across two tables, in WAL mode. */
function makeHistory() {
  removeDatabase('data/poppo-history.db');
  const database = openHistory(join(project, 'data/poppo-history.db'));
  createHistory(database);
  const record = taskRecorder(database);
  database.transaction(() => {
    for (let task = 0; task < 5000; task += 1) record(agents[task % 3], 1 + (task % 400), 100 + ((task * 31) % 900));
    const lesson = database.prepare('INSERT INTO lessons (agent, lesson) VALUES (?, ?)');
    for (let number = 1; number <= 200; number += 1) {
      lesson.run(agents[number % 3], `レッスン ${number}: retry a failing test once before asking for help`);
    }
  })();
  database.close();
}

function makeSecurity() {
  removeDatabase('data/security.db');
  const database = openDatabase(join(project, 'data/security.db'));
  database.pragma('journal_mode = WAL');
  database.exec(
    'CREATE TABLE events (id INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, act TEXT NOT NULL)',
  );
  const insert = database.prepare('INSERT INTO events (at, actor, act) VALUES (?, ?, ?)');
  database.transaction(() => {
    for (let event = 0; event < 300; event += 1) {
      insert.run(`${dayOf(event % 19)}T08:00:00Z`, agents[event % 3], event % 7 === 0 ? 'token-refused' : 'token-used');
    }
  })();
  database.close();
}

function makeLogs() {
  for (let day = 0; day < 14; day += 1) {
    const lines = Array.from(
      { length: 400 },
      (_, line) =>
        `${dayOf(day)}T${String(line % 24).padStart(2, '0')}:00:00Z INFO task ${line} of ${agents[line % 3]} done`,
    );
    write(`logs/poppo-${dayOf(day)}.log.gz`, gzipSync(`${lines.join('\n')}\n`));
  }
  const requests = Array.from(
    { length: 200 },
    (_, line) => `127.0.0.1 - - "GET /api/issues/${line} HTTP/1.1" 200 ${line * 17}`,
  );
  write('logs/access.log', `${requests.join('\n')}\n`);
}

function makeAgents() {
  for (let number = 1; number <= 40; number += 1) {
    writeJson(`data/ccla/lesson-${number}.json`, {
      number,
      pattern: `error-${number % 9}`,
      confidence: (number % 10) / 10,
    });
    write(`data/ccag/guide-${number}.md`, `# 手引き ${number}\n\nWritten by CCAG from issue ${number * 3}.\n`);
  }
  writeJson('data/ccpm/analysis.json', { reviewed: 120, refactorings: ['split a long file', 'name a constant'] });
  write('agents/reviewer.md', '# Reviewer\n\nReads a change before a person does.\n');
}

function makeState() {
  writeJson(
    'state/processed-issues.json',
    Array.from({ length: 150 }, (_, number) => number + 1),
  );
  writeJson('state/processed-comments.json', { 12: [1, 2, 3], 15: [4] });
  writeJson('state/running-tasks.json', { 'issue-151': { agent: 'ccla', startedAt: `${dayOf(18)}T02:00:00Z` } });
  writeJson('queue/pending.json', [{ issue: 152, priority: 'high' }]);
  writeJson('.poppo/settings.json', { theme: 'dove', notifications: true });
}

function makeSecrets() {
  write(
    '.env',
    ['GITHUB_TOKEN=not-a-real-token-0001', 'DATABASE_PASSWORD=not-a-real-password', 'POPPO_PORT=3001', ''].join('\n'),
    0o600,
  );
}

makeHistory();
makeSecurity();
makeLogs();
makeAgents();
makeState();
makeSecrets();
console.log(`The data of Poppo Suite is in ${project}.`);
