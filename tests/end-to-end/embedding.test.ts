/**
 * The toolkit as a stranger's project gets it: packed, installed from the tarball, set up with `init`, and used through
 * the host's own npm scripts.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tar from 'tar';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** What `npm pack` needs of the repository. The build is up to date: Jest's global set-up sees to it. */
const packed = ['package.json', 'bin', 'config', 'dist', 'README.md', 'LICENSE', 'CHANGELOG.md'];

interface PackReport {
  filename: string;
  size: number;
  unpackedSize: number;
  files: { path: string; size: number }[];
}

let scratch: string;
let prebuilds: Server;
let prebuildsAsked: string[];
let report: PackReport;
let tarball: string;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** The environment of a person's shell: nothing of the npm and the Jest that run this test. */
function shellEnvironment(): NodeJS.ProcessEnv {
  const foreign =
    /^(npm_(package|lifecycle|command|execpath|node_execpath|config_local_prefix)|NODE_OPTIONS|JEST_|INIT_CWD|BACKUP_)/;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  return { ...own, BACKUP_LANG: 'en', npm_config_better_sqlite3_binary_host: prebuildsUrl() };
}

/** With this run's own folder in it: prebuild-install keeps what it fetched by its address, and ports come back. */
function prebuildsUrl(): string {
  return `http://127.0.0.1:${(prebuilds.address() as AddressInfo).port}/${basename(scratch)}`;
}

/** Takes the binary out of npm's cache again (the name is prebuild-install's, util.js). */
async function forgetPrebuilt(): Promise<void> {
  const cache = (await runWell(scratch, 'npm', 'config', 'get', 'cache')).trim();
  for (const path of prebuildsAsked) {
    const address = new URL(path, prebuildsUrl()).href;
    const digest = createHash('sha512').update(address).digest('hex').slice(0, 6);
    rmSync(join(cache, '_prebuilds', `${digest}-${basename(path).replace(/[^a-zA-Z0-9.]+/g, '-')}`));
  }
}

async function run(cwd: string, command: string, ...args: string[]): Promise<Ended> {
  const child = spawn(command, args, { cwd, env: shellEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  [ended.code] = (await once(child, 'close')) as [number | null];
  return ended;
}

async function runWell(cwd: string, command: string, ...args: string[]): Promise<string> {
  const ended = await run(cwd, command, ...args);
  if (ended.code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code}:\n${ended.stdout}\n${ended.stderr}`);
  }
  return ended.stdout;
}

/** Serves this machine's own compiled better-sqlite3 where its install script looks for a prebuilt one. */
async function servePrebuilt(): Promise<void> {
  const installed = join(repository, 'node_modules', 'better-sqlite3');
  const file = join(scratch, 'prebuilt.tar.gz');
  await tar.create({ gzip: true, file, cwd: installed }, ['build/Release/better_sqlite3.node']);
  const expected = `/${basename(scratch)}/v${sqliteVersion()}/better-sqlite3-v${sqliteVersion()}-node-v${process.versions.modules}-`;
  prebuildsAsked = [];
  prebuilds = createServer((request, response) => {
    prebuildsAsked.push(request.url ?? '');
    if (request.url?.startsWith(expected) === true) response.end(readFileSync(file));
    else response.writeHead(404).end();
  });
  prebuilds.listen(0, '127.0.0.1');
  await once(prebuilds, 'listening');
}

function sqliteVersion(): string {
  const file = join(repository, 'node_modules', 'better-sqlite3', 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

beforeAll(async () => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'embedding-')));
  await servePrebuilt();
  const copy = join(scratch, 'toolkit');
  mkdirSync(copy);
  for (const name of packed) {
    if (existsSync(join(repository, name))) cpSync(join(repository, name), join(copy, name), { recursive: true });
  }
  // Tests leave the chunks of earlier bundles where they are; `npm run build`, which packs for others, does not.
  await runWell(repository, 'node', 'scripts/bundle-command.mjs', join(copy, 'dist', 'command'));
  const reports = JSON.parse(
    await runWell(copy, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', scratch),
  ) as PackReport[] | Record<string, PackReport>;
  const [first] = Object.values(reports);
  if (first === undefined) throw new Error('npm pack made nothing.');
  report = first;
  tarball = join(scratch, report.filename);
}, 180_000);

afterAll(async () => {
  await forgetPrebuilt();
  prebuilds.close();
  await once(prebuilds, 'close');
  rmSync(scratch, { recursive: true, force: true });
});

describe('the tarball', () => {
  test('is small, and holds plain JavaScript with its types', () => {
    const paths = report.files.map((file) => file.path);
    console.log(
      `${report.filename}: ${report.size} bytes packed, ${report.unpackedSize} unpacked, ${paths.length} files`,
    );
    expect(paths).toEqual(
      expect.arrayContaining(['bin/ai-backup.mjs', 'dist/command/toolkit.js', 'dist/lib/toolkit.d.ts']),
    );
    expect(paths).toContain('config/config.schema.json');
    expect(paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts'))).toEqual([]);
    expect(
      paths.filter((path) => /^(tests|examples|bench|scripts|lib|backups)\//.test(path) || /\.test\./.test(path)),
    ).toEqual([]);
    // Some 560 KB: the bundle with its licences, and every module's types. Without the modules themselves, which are in it.
    expect(paths.filter((path) => /^dist\/lib\/.*\.js$/.test(path))).toEqual([]);
    expect(report.size).toBeLessThan(620_000);
  });

  test('installs nothing by a script of its own', () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { scripts: object };
    expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  });
});

const kinds = [
  {
    kind: 'CommonJS',
    type: {},
    open: `const Database = require('better-sqlite3');`,
    use: `console.log(Object.keys(require('ai-backup')).length > 0)`,
    file: 'app.js',
  },
  {
    kind: 'ESM',
    type: { type: 'module' },
    open: `import Database from 'better-sqlite3';`,
    use: `import * as toolkit from 'ai-backup'; console.log(Object.keys(toolkit).length > 0)`,
    file: 'app.js',
  },
];

describe.each(kinds)('a host project with $kind', ({ kind, type, open, use, file }) => {
  let host: string;
  const path = (name: string): string => join(host, name);
  const read = (name: string): string => readFileSync(path(name), 'utf8');
  const rows = (): Promise<string> => runWell(host, 'node', file, 'count');

  beforeAll(async () => {
    host = join(scratch, `host-${kind}`);
    mkdirSync(path('.git'), { recursive: true });
    // The version pinned is the one whose binary is served; a real host takes what npm finds.
    const overrides = { 'better-sqlite3': sqliteVersion() };
    writeFileSync(
      path('package.json'),
      `${JSON.stringify({ name: 'host', version: '1.0.0', ...type, overrides }, null, 4)}\n`,
    );
    await runWell(host, 'npm', 'install', '--save-dev', '--prefer-offline', tarball);
    expect(prebuildsAsked).not.toEqual([]);
    for (const folder of ['state', 'logs', 'data/uploads']) mkdirSync(path(folder), { recursive: true });
    writeFileSync(
      path(file),
      `${open}
const database = new Database('data/app.db');
database.pragma('journal_mode = WAL');
if (process.argv[2] === 'fill') {
  database.exec('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT)');
  for (let number = 0; number < 100; number += 1) database.prepare('INSERT INTO notes (text) VALUES (?)').run('note ' + number);
}
if (process.argv[2] === 'clear') database.exec('DELETE FROM notes');
console.log(database.prepare('SELECT count(*) AS rows FROM notes').get().rows);
`,
    );
    writeFileSync(path('state/jobs.json'), '{"next": 7}\n');
    writeFileSync(path('logs/app.log'), 'started\n');
    writeFileSync(path('data/uploads/photo.bin'), Buffer.from([0, 255, 1, 254]));
    writeFileSync(path('.env'), 'API_TOKEN=not-a-real-token\n');
    await runWell(host, 'node', file, 'fill');
  }, 180_000);

  test('is set up by `npx ai-backup init`', async () => {
    const text = await runWell(host, 'npx', 'ai-backup', 'init');
    expect(text).toContain('SQLite databases: data/app.db');
    expect(text).toContain('`npm run backup:create` makes the first backup');
    const settings = JSON.parse(read('config/config.json')) as { $schema: string; backup: { targets: object } };
    expect(existsSync(join(host, 'config', settings.$schema))).toBe(true);
    expect(settings.backup.targets).toMatchObject({
      database: true,
      logs: { paths: ['logs/**/*.gz', 'logs/**/*.log'] },
      uploads: { paths: ['data/uploads'] },
    });
    expect(read('package.json')).toContain('\n        "backup:create": "ai-backup create",\n');
    expect(read('.gitignore')).toBe('backups/\n');
  });

  test('a second init changes nothing and says so', async () => {
    const before = ['config/config.json', 'package.json', '.gitignore'].map(read);
    expect(await runWell(host, 'npm', 'run', 'backup:init')).toContain(
      'Everything was there already; nothing was changed.',
    );
    const { changed } = JSON.parse(await runWell(host, 'npx', 'ai-backup', 'init', '--json')) as { changed: boolean };
    expect(changed).toBe(false);
    expect(['config/config.json', 'package.json', '.gitignore'].map(read)).toEqual(before);
  });

  test('backs up, lists, verifies and restores with its own npm scripts', async () => {
    await runWell(host, 'npm', 'run', 'backup:create');
    const list = JSON.parse(await runWell(host, 'npm', 'run', '--silent', 'backup:list', '--', '--json')) as {
      total: number;
      backups: { id: string; complete: boolean }[];
    };
    expect(list).toMatchObject({ total: 1, backups: [{ complete: true }] });
    await runWell(host, 'npm', 'run', 'backup:verify', '--', 'latest', '--check-content');

    expect(await runWell(host, 'node', file, 'clear')).toBe('0\n');
    rmSync(path('data/uploads'), { recursive: true });
    writeFileSync(path('state/jobs.json'), '{"next": 0}\n');
    writeFileSync(path('logs/app.log'), '');
    await runWell(host, 'npm', 'run', 'backup:restore', '--', list.backups[0]?.id ?? '', '--yes');

    expect(await rows()).toBe('100\n');
    expect(read('state/jobs.json')).toBe('{"next": 7}\n');
    expect(read('logs/app.log')).toBe('started\n');
    expect(readFileSync(path('data/uploads/photo.bin'))).toEqual(Buffer.from([0, 255, 1, 254]));
    expect(read('.env')).toBe('API_TOKEN=not-a-real-token\n');
  });

  test('can call the toolkit from its own code', async () => {
    writeFileSync(path('call.js'), `${use}\n`);
    expect(await runWell(host, 'node', 'call.js')).toBe('true\n');
  });

  test('settings that are no JSON stop init with exit code 2, and nothing is changed', async () => {
    const before = read('config/config.json');
    writeFileSync(path('config/config.json'), 'port = 3000\n');
    const ended = await run(host, 'npx', 'ai-backup', 'init');
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('config/config.json is not valid JSON at line 1, column 1');
    expect(read('config/config.json')).toBe('port = 3000\n');
    writeFileSync(path('config/config.json'), before);
  });
});
