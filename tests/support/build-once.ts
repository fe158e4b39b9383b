import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const cache = join(repository, 'node_modules', '.cache', 'ai-backup-tests');
const stamp = join(cache, 'built');
const bundler = join(repository, 'scripts', 'bundle-command.mjs');

/**
 * Jest's global set-up: brings `dist/` up to the sources, once before all tests, so that tests can run the tool as its users
 * do, without a compiler's start-up time. Types are the type check's business; here only JavaScript is made.
 */
export default function buildOnce(): void {
  if (isUpToDate()) return;
  const begunAt = new Date();
  const fresh = join(cache, `build-${process.pid}`);
  mkdirSync(cache, { recursive: true });
  try {
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['-p', 'tsconfig.build.json', '--noCheck', '--outDir', fresh];
    const run = { cwd: repository, stdio: 'inherit', env: {} } as const;
    execFileSync(process.execPath, [compiler, ...options], run);
    execFileSync(process.execPath, [bundler, join(fresh, 'command')], run);
    moveInto(fresh, join(repository, 'dist'));
    // The time of the beginning: what is edited while the compiler runs is built the next time.
    writeFileSync(stamp, '');
    utimesSync(stamp, begunAt, begunAt);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

function isUpToDate(): boolean {
  if (!existsSync(stamp) || !existsSync(join(repository, 'dist', 'command', 'start.js'))) return false;
  const builtMs = statSync(stamp).mtimeMs;
  const inputs = ['lib', 'tsconfig.json', 'tsconfig.build.json', 'package.json'].map((name) => join(repository, name));
  return [...inputs, bundler].every((path) => newestMs(path) < builtMs);
}

function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

/**
 * Each file in one step, and only where it differs: another run may be using the build at this moment. What a command
 * begins with comes last, when all that it loads is there; what is not loaded any more stays, for who has begun before.
 */
function moveInto(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  const isEntry = (name: string): number => Number(/^(start|sqlite-process-main|toolkit)\.js$/.test(name));
  const entries = readdirSync(from, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => isEntry(a.name) - isEntry(b.name))) {
    const [source, place] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) moveInto(source, place);
    else if (!existsSync(place) || !readFileSync(place).equals(readFileSync(source))) renameSync(source, place);
  }
}
