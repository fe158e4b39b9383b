import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runTool } from '../support/run-tool.ts';
import { makeTemporaryFolder, removeTemporaryFolder } from '../support/temporary-folder.ts';

const command = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'dist', 'command');

/** Files that a module loads before it can begin, itself among them. */
function loadedWith(file: string, loaded = new Set<string>()): Set<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  const text = readFileSync(join(command, file), 'utf8');
  for (const [, , next] of text.matchAll(/(^|;)\s*import\s*(?:[^"';()]*?from\s*)?"\.\/([^"]+)"/gm)) {
    if (next !== undefined) loadedWith(next, loaded);
  }
  return loaded;
}

const builtFor = (module: string): string => {
  const name = readdirSync(command).find((one) => one.startsWith(`${module}-`) && one.endsWith('.js'));
  if (name === undefined) throw new Error(`There is no ${module} in ${command}.`);
  return name;
};

let folder: string;
beforeEach(() => {
  folder = makeTemporaryFolder('bundle');
});
afterEach(() => removeTemporaryFolder(folder));

describe('the bundled command', () => {
  test('speaks the languages of its parser of options too', async () => {
    expect((await runTool(['list', '--help', '--lang', 'ja'])).stdout).toContain('オプション:');
    expect((await runTool(['list', '--help', '--lang', 'en'])).stdout).toContain('Options:');
  });

  test('names the licences of what is in it', () => {
    const licences = readFileSync(join(command, 'licences.txt'), 'utf8');
    expect(licences).toMatch(/^yargs \d+\.\d+\.\d+ \(MIT\)\n\nMIT License/m);
    expect(licences).toMatch(/^tar .* \(BlueOak-1\.0\.0\)/m);
  });

  test.each(['create', 'list', 'open-context', 'check-settings'])(
    '%s begins without the libraries that few runs need',
    (module) => {
      const texts = [...loadedWith(builtFor(module))].map((name) => readFileSync(join(command, name), 'utf8'));
      expect(texts.length).toBeGreaterThan(1);
      const wanted = texts.flatMap((text) => [
        ...text.matchAll(/^(?:.*;)?import\s*[^"'();]*?(?:from)?\s*"([^."][^"]*)"/gm),
      ]);
      const packages = wanted.map(([, name]) => name ?? '').filter((name) => !name.startsWith('node:'));
      for (const name of ['zod', 'cli-progress', 'archiver', 'yauzl', '@inquirer/prompts', 'better-sqlite3']) {
        expect(packages).not.toContain(name);
      }
    },
  );

  test('is kept compiled in the user’s own cache, where Node can, and does without', async () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const canKeep = major > 22 || (major === 22 && minor >= 1);
    const caches = join(folder, 'caches');
    expect((await runTool(['--version'], { env: { XDG_CACHE_HOME: caches } })).code).toBe(0);
    expect(existsSync(join(caches, 'ai-backup', 'compiled'))).toBe(canKeep);
    // A cache that cannot be made is no fault.
    const nowhere = join(fileURLToPath(import.meta.url), 'caches');
    expect((await runTool(['--version'], { env: { XDG_CACHE_HOME: nowhere } })).stderr).toBe('');
  });
});
