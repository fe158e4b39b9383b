import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { existsSync, readdirSync } from 'node:fs';
import { TestProject } from './make-project.ts';
import { treeDifferences, type TreeSnapshot } from './tree-snapshot.ts';

const largeBytes = 4 << 20;
const smallFiles = 300;
const rows = 2000;

/** The project's files and what its database says: a database's bytes may differ where its content does not. */
export interface ProjectState {
  files: TreeSnapshot;
  generation: string;
}

/** A project that takes long enough to back up and restore that a signal can meet any step of it. */
export class BusyProject extends TestProject {
  /** Where the tool makes its temporary files, beside the project. */
  readonly temporary: string;

  constructor() {
    super();
    this.temporary = this.beside('tmp');
    this.write('../tmp/.keep', '');
    this.write('config/app.json', '{"name": "app"}\n');
    this.link('app.json', 'config/link');
    const database = new Database(this.path('app.db'));
    database.exec(`CREATE TABLE fact (id INTEGER PRIMARY KEY, generation TEXT, filling BLOB)`);
    const insert = database.prepare("INSERT INTO fact (generation, filling) VALUES ('first', randomblob(500))");
    database.transaction(() => {
      for (let row = 0; row < rows; row += 1) insert.run();
    })();
    database.close();
    this.fill('first');
  }

  /** Gives every file and every row the content of a generation. */
  fill(generation: string): void {
    for (let at = 0; at < 3; at += 1) this.write(`agents/large-${at}`, randomBytes(largeBytes));
    for (let at = 0; at < smallFiles; at += 1)
      this.write(`state/${at % 20}/${at}.json`, `${generation} ${at}\n`.repeat(40));
    const database = new Database(this.path('app.db'));
    database.prepare('UPDATE fact SET generation = ?, filling = randomblob(500)').run(generation);
    database.close();
  }

  state(): ProjectState {
    const files = this.snapshot();
    for (const name of files.keys()) if (name.startsWith('app.db')) files.delete(name);
    return { files, generation: this.generation() };
  }

  /** In what the project differs from a state. */
  differencesFrom(state: ProjectState): string[] {
    const now = this.state();
    const database =
      now.generation === state.generation ? [] : [`app.db: is of ${now.generation}, not ${state.generation}`];
    return [...treeDifferences(state.files, now.files), ...database];
  }

  /** Names of what runs left: half-made things in the store, staging folders, temporary files. */
  leftovers(): string[] {
    const staging = readdirSync(this.root).filter((name) => name.startsWith('.ai-backup'));
    const temporary = readdirSync(this.temporary).filter((name) => name.startsWith('ai-backup'));
    // A first run that fails takes its store with it.
    const halfMade = join(this.store, '.state', 'tmp');
    return [...(existsSync(halfMade) ? readdirSync(halfMade) : []), ...staging, ...temporary];
  }

  private generation(): string {
    const database = new Database(this.path('app.db'));
    try {
      const seen = database.prepare<[], string>('SELECT DISTINCT generation FROM fact').pluck().all();
      return `${seen.join('+')} ${String(database.pragma('integrity_check', { simple: true }))}`;
    } finally {
      database.close();
    }
  }
}
