import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

const project = join(import.meta.dirname, '..');
const made: string[] = [];
const removeMade = (): void => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
};
afterEach(removeMade);

/** Runs the real rules over a made-up tree; each broken one as `rule: from → to`. */
function brokenRules(tree: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'import-direction-'));
  made.push(root);
  copyFileSync(join(project, 'tsconfig.json'), join(root, 'tsconfig.json'));
  const packageJson = { type: 'module', dependencies: { published: '1' }, devDependencies: { 'dev-only': '1' } };
  const packages = Object.fromEntries(
    ['published', 'dev-only'].flatMap((name) => [
      [
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', type: 'module', main: 'index.js' }),
      ],
      [`node_modules/${name}/index.js`, 'export default 1;'],
    ]),
  );
  for (const [file, text] of Object.entries({ 'package.json': JSON.stringify(packageJson), ...packages, ...tree })) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return brokenIn(root, 'lib');
}

function brokenIn(root: string, ...folders: string[]): string[] {
  const program = join(project, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const config = join(project, '.dependency-cruiser.cjs');
  const run = spawnSync(process.execPath, [program, '--config', config, '-T', 'json', ...folders], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (run.stdout === '') throw new Error(run.stderr);
  const { summary } = JSON.parse(run.stdout) as {
    summary: { violations: { from: string; to: string; rule: { name: string } }[] };
  };
  return summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`);
}

type Edge = readonly [from: string, to: string];
type Statement = (path: string) => string;
const plainImport: Statement = (path) => `import '${path}';`;

/** A tree in which every edge is one import, and what is only imported is empty. */
function treeOf(edges: readonly Edge[], statement = plainImport): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const [from, to] of edges) {
    const path = relative(dirname(from), to);
    tree[from] = `${tree[from] ?? ''}${statement(path.startsWith('.') ? path : `./${path}`)}\n`;
    tree[to] ??= 'export type T = string;\n';
  }
  return tree;
}

describe('the direction of imports is kept by a machine', () => {
  test('the way down is free', () => {
    const edges: Edge[] = [
      ['lib/cli/create.ts', 'lib/operations/create.ts'],
      ['lib/cli/create.ts', 'lib/toolkit.ts'],
      ['lib/cli/schedule.ts', 'lib/schedule/run.ts'],
      ['lib/cli/create.ts', 'lib/messages/en.ts'],
      ['lib/schedule/run.ts', 'lib/operations/create.ts'],
      ['lib/toolkit.ts', 'lib/operations/create.ts'],
      ['lib/operations/create.ts', 'lib/archive/write.ts'],
      ['lib/operations/create.ts', 'lib/targets/scan.ts'],
      ['lib/archive/write.ts', 'lib/store/manifest.ts'],
      ['lib/archive/write.ts', 'lib/crypto/stream.ts'],
      ['lib/store/publish.ts', 'lib/store/manifest.ts'],
      ['lib/store/manifest.ts', 'lib/config/settings.ts'],
      ['lib/config/settings.ts', 'lib/core/errors.ts'],
    ];
    expect(brokenRules({ ...treeOf(edges), 'lib/targets/scan.ts': "import 'published';\n" })).toEqual([]);
  });

  describe('every other way is an error', () => {
    const wrong: [rule: string, from: string, to: string][] = [
      ['core-imports-nothing-of-ours', 'lib/core/a.ts', 'lib/config/settings.ts'],
      ['core-imports-nothing-of-ours', 'lib/core/b.ts', 'lib/toolkit.ts'],
      ['core-imports-nothing-of-ours', 'lib/core/c.ts', 'lib/messages/messages.ts'],
      ['config-imports-core-only', 'lib/config/a.ts', 'lib/store/store.ts'],
      ['messages-run-core-and-config-only', 'lib/messages/a.ts', 'lib/operations/create.ts'],
      ['messages-import-no-higher-layer', 'lib/messages/b.ts', 'lib/cli/create.ts'],
      ['middle-imports-no-higher-layer', 'lib/store/a.ts', 'lib/operations/create.ts'],
      ['middle-imports-no-higher-layer', 'lib/targets/a.ts', 'lib/messages/messages.ts'],
      ['middle-imports-no-higher-layer', 'lib/remotes/a.ts', 'lib/cli/create.ts'],
      ['middle-folders-meet-in-operations', 'lib/store/b.ts', 'lib/archive/write.ts'],
      ['only-archive-imports-store-and-crypto', 'lib/targets/b.ts', 'lib/crypto/stream.ts'],
      ['archive-imports-manifest-only', 'lib/archive/a.ts', 'lib/store/publish.ts'],
      ['operations-import-no-higher-layer', 'lib/operations/a.ts', 'lib/cli/create.ts'],
      ['operations-import-no-higher-layer', 'lib/operations/b.ts', 'lib/toolkit.ts'],
      ['operations-import-no-higher-layer', 'lib/operations/c.ts', 'lib/schedule/run.ts'],
      ['schedule-and-server-do-not-import-cli', 'lib/schedule/a.ts', 'lib/cli/create.ts'],
      ['lib-imports-nothing-outside', 'lib/cli/a.ts', 'scripts/backup-create.ts'],
    ];
    let broken: string[] = [];
    beforeAll(() => {
      broken = brokenRules(treeOf(wrong.map(([, from, to]) => [from, to])));
      removeMade();
    });

    test.each(wrong)('%s: %s → %s', (rule, from, to) => {
      expect(broken).toContain(`${rule}: ${from} → ${to}`);
    });
  });

  test('an import of a type alone is an import, and so is one on use', () => {
    const statements: Statement[] = [
      (path) => `import type { T } from '${path}';`,
      (path) => `await import('${path}');`,
    ];
    for (const statement of statements) {
      const broken = brokenRules(treeOf([['lib/core/a.ts', 'lib/config/b.ts']], statement));
      expect(broken).toEqual(['core-imports-nothing-of-ours: lib/core/a.ts → lib/config/b.ts']);
    }
  });

  test('sentences may be typed by what an operation returns', () => {
    const edges: Edge[] = [['lib/messages/restore.ts', 'lib/operations/restore-plan.ts']];
    expect(brokenRules(treeOf(edges, (path) => `import type { T } from '${path}';`))).toEqual([]);
  });

  test('a circle of three files is found, of types too', () => {
    const circle: Edge[] = [
      ['lib/store/a.ts', 'lib/store/b.ts'],
      ['lib/store/b.ts', 'lib/store/c.ts'],
      ['lib/store/c.ts', 'lib/store/a.ts'],
    ];
    for (const statement of [plainImport, (path: string) => `import type { T } from '${path}';`]) {
      expect(brokenRules(treeOf(circle, statement))).toContainEqual(expect.stringMatching(/^no-circle: /));
    }
  });

  test('a file that is not there, and a package that is not published with us', () => {
    const broken = brokenRules({ 'lib/core/a.ts': "import './gone.ts';\nimport 'dev-only';\nimport 'published';\n" });
    expect(broken.map((one) => one.split(':')[0]).sort()).toEqual([
      'not-found',
      'published-code-needs-published-packages',
    ]);
  });

  test('the toolkit itself breaks none', () => {
    expect(brokenIn(project, 'lib', 'scripts')).toEqual([]);
  });
});
