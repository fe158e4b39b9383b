import type Database from 'better-sqlite3';
import type { SeededRandom } from './seeded-random.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Writes rows of the host's four tables: for the first day, and for each day after it. Times in seconds since 1970. */
export interface HostRows {
  insertUser(random: SeededRandom, id: number): void;
  insertProject(random: SeededRandom, id: number, users: number): void;
  insertTask(random: SeededRandom, task: { id: number; projects: number; users: number; at: number }): void;
  insertEvent(random: SeededRandom, event: { id: number; tasks: number; users: number; at: number }): void;
  /** Gives a task another status and another body of about the same length. */
  updateTask(random: SeededRandom, id: number, at: number): void;
}

const statuses = ['open', 'in progress', 'in review', 'done', 'done', 'done', 'blocked'] as const;
const roles = ['developer', 'developer', 'reviewer', 'manager', 'agent'] as const;
const kinds = ['comment', 'comment', 'status', 'assign', 'run', 'run', 'error', 'merge'] as const;

export function makeRows(database: Database.Database, vocabulary: Vocabulary): HostRows {
  const user = database.prepare('INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)');
  const project = database.prepare('INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?)');
  const task = database.prepare('INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const event = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)');
  const taskUpdate = database.prepare('UPDATE tasks SET status = ?, body = ?, updated_at = ? WHERE id = ?');
  const body = (random: SeededRandom): string => vocabulary.paragraph(random, random.between(200, 1_600));

  return {
    insertUser(random, id) {
      const name = `${vocabulary.word(random)} ${vocabulary.word(random)}`;
      const settings = JSON.stringify({
        theme: random.pick(['light', 'dark', 'system']),
        language: random.pick(['en', 'ja']),
        notifications: { mail: random.below(2) === 0, chat: random.below(2) === 0 },
        token: random.hex(16),
      });
      user.run(
        id,
        name,
        `${name.replace(' ', '.')}.${id}@example.com`,
        random.pick(roles),
        settings,
        isoTime(1.6e9 + id * 900),
      );
    },
    insertProject(random, id, users) {
      const text = vocabulary.paragraph(random, random.between(300, 2_000));
      project.run(
        id,
        random.between(1, users),
        vocabulary.title(random, 30),
        text,
        random.pick(statuses),
        isoTime(1.65e9 + id * 9_000),
      );
    },
    insertTask(random, { id, projects, users, at }) {
      task.run(
        id,
        random.between(1, projects),
        random.between(1, users),
        vocabulary.title(random, random.between(20, 60)),
        body(random),
        random.pick(statuses),
        random.between(1, 5),
        isoTime(at),
        isoTime(at + random.below(2_000_000)),
      );
    },
    insertEvent(random, { id, tasks, users, at }) {
      const kind = random.pick(kinds);
      const payload = JSON.stringify({
        text: vocabulary.paragraph(random, random.between(40, 320)),
        durationMs: random.below(90_000),
        attempt: random.between(1, 3),
      });
      event.run(
        id,
        random.between(1, tasks),
        random.between(1, users),
        kind,
        isoTime(at + random.below(40)),
        random.hex(16),
        payload,
      );
    },
    updateTask(random, id, at) {
      taskUpdate.run(random.pick(statuses), body(random), isoTime(at), id);
    },
  };
}

export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
