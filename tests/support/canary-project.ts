import Database from 'better-sqlite3';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { canaries, keyCanaries, type Canary } from './canary-secrets.ts';
import { TestProject } from './make-project.ts';

/** A project with a secret of every kind at every place where projects keep them, and a store beside it. */
export class CanaryProject extends TestProject {
  /** Holds the encryption keys, each in a file of its own. */
  readonly keyFolder: string;
  /** Where the tool makes its temporary files. */
  readonly temporary: string;

  constructor() {
    super();
    this.keyFolder = this.beside('keys');
    this.temporary = this.beside('tmp');
    mkdirSync(this.temporary);
    mkdirSync(this.keyFolder);
    for (const [way, secret] of Object.entries(keyCanaries)) this.write(`../keys/${way}`, `${secret}\n`, 0o600);
    this.settings({});
    this.plantFiles();
    this.plantDatabase();
    this.plantGit();
  }

  override get store(): string {
    return this.beside('store');
  }

  /** Writes settings that keep the store beside the project, where nothing but the toolkit writes. */
  override settings(backup: object, host: object = {}): void {
    const { storage, ...rest } = backup as { storage?: object };
    const settings = {
      schedule: { nightly: '0 2 * * *' },
      ...rest,
      storage: { path: '../store', ...storage },
    };
    this.write('config/config.json', `${JSON.stringify({ ...hostSettings(), ...host, backup: settings }, null, 2)}\n`);
  }

  /** The variables of a service that has all its secrets in its environment. */
  environment(): Record<string, string> {
    const named = Object.fromEntries(canaries.map(({ name, text }) => [name, text]));
    return { ...named, ...pastedNames(), TMPDIR: this.temporary };
  }

  keyFile(way: keyof typeof keyCanaries): string {
    return `${this.keyFolder}/${way}`;
  }

  private plantFiles(): void {
    this.write('.env', dotenvOf(canaries), 0o600);
    this.write('.env.production', dotenvOf(canaries.slice(0, 8)), 0o600);
    for (const { kind, name, text } of canaries) {
      const file = kind.toLowerCase().replace(/[^a-z0-9]+/g, '-');
      this.write(`config/secrets/${file}.txt`, `${name}: ${text}\n`);
      this.write('logs/app.log', `${name} = ${text}\n`);
    }
    this.write('config/app.yaml', canaries.map(({ name, text }) => `${name}: |\n  ${text}\n`).join(''));
    this.write('state/secrets.json', JSON.stringify(Object.fromEntries(canaries.map((one) => [one.name, one.text]))));
    this.write('agents/guide.md', 'nothing of it is secret\n');
    this.write('config/tls.pem', canaries.find(({ kind }) => kind === 'PEM key')?.text ?? '');
    // What looks like a certificate and is none.
    this.write(
      'config/broken.crt',
      `-----BEGIN CERTIFICATE-----\n${canaries[0]?.secret ?? ''}\n-----END CERTIFICATE-----\n`,
    );
    this.write('package.json', '{"name": "host", "version": "1.0.0"}\n');
  }

  private plantDatabase(): void {
    const database = new Database(this.path('app.db'));
    database.exec('CREATE TABLE account (name TEXT, secret TEXT)');
    const insert = database.prepare('INSERT INTO account VALUES (?, ?)');
    for (const { name, text } of canaries) insert.run(name, text);
    database.close();
  }

  /** A commit on a branch whose name is a token, and a remote with a token in its address. */
  private plantGit(): void {
    const git = (...words: string[]): void => {
      const who = {
        GIT_AUTHOR_NAME: 'a',
        GIT_AUTHOR_EMAIL: 'a@h',
        GIT_COMMITTER_NAME: 'a',
        GIT_COMMITTER_EMAIL: 'a@h',
      };
      execFileSync('git', ['-C', this.root, ...words], { stdio: 'pipe', env: { ...process.env, ...who } });
    };
    git('init', '--quiet', '--initial-branch', `fix/${canaryOf('git branch').text}`);
    git('remote', 'add', 'origin', canaryOf('git remote').text);
    git('add', 'agents/guide.md');
    git('commit', '--quiet', '--message', 'first');
  }
}

/** The canary of a kind. */
export function canaryOf(kind: string): Canary {
  const found = canaries.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`there is no canary of the kind ${kind}`);
  return found;
}

/** A token on the wrong side of the equals sign. */
const pastedNames = (): Record<string, string> => ({ [canaryOf('name of a variable').text]: '1' });

/** What an application keeps beside the settings of its backups. */
function hostSettings(): Record<string, unknown> {
  const texts = canaries.map(({ name, text }) => [name.toLowerCase(), text]);
  return { application: { port: 8080, nested: { deeper: Object.fromEntries(texts) as Record<string, string> } } };
}

function dotenvOf(some: readonly Canary[]): string {
  return `${some.map(({ name, text }) => `${name}=${quoted(text)}`).join('\n')}\n`;
}

/** In the one kind of quotes that the text does not hold; a backtick takes all. */
function quoted(text: string): string {
  const quote = ["'", '"', '`'].find((one) => !text.includes(one)) ?? '`';
  return `${quote}${text}${quote}`;
}
