/**
 * Bundles the command, and what `import 'ai-backup'` gives, into `dist/command/`: what every run loads, in few files. Node
 * spends half a millisecond and more on each module that it looks for, and a command has some three hundred. The package
 * holds these files and the types, and not every module a second time.
 *
 * Plain JavaScript, for it runs on every install and before tests, where a compiler's start-up would be its longest part.
 * Usage: node scripts/bundle-command.mjs [folder]
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Installed beside the toolkit anyway, and not loaded by most runs: they would only make the package larger. */
const notBundled = [
  '@inquirer/prompts',
  'archiver',
  'better-sqlite3',
  'cli-progress',
  'croner',
  'extract-zip',
  'node-cron',
  'tsx',
  'yauzl',
  'zod',
];

/** Languages of yargs' own words that the toolkit speaks too. */
const locales = ['en', 'ja'];

/**
 * yargs measures words for its help; before the first one, `string-width` builds tables that take longer than many a
 * command. So it begins when there is something to measure that is more than plain letters.
 */
const lateStringWidth = {
  name: 'late-string-width',
  setup(bundle) {
    bundle.onResolve({ filter: /^string-width$/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === 'itself' || rest.kind !== 'import-statement') return undefined;
      const { importer, kind, resolveDir } = rest;
      const found = await bundle.resolve(path, { importer, kind, resolveDir, pluginData: 'itself' });
      return { path: found.path, errors: found.errors, namespace: 'late-string-width' };
    });
    bundle.onLoad({ filter: /.*/, namespace: 'late-string-width' }, ({ path }) => ({
      resolveDir: dirname(path),
      contents: `let measure;
        export default (text, options) => {
          if (/^[ -~]*$/.test(text)) return text.length;
          measure ??= require(${JSON.stringify(path)}).default;
          return measure(text, options);
        };`,
    }));
  },
};

/** yargs looks for its words beside its own files. */
const localesBeside = {
  name: 'locales-beside',
  setup(bundle) {
    bundle.onLoad({ filter: /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]esm\.mjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const contents = text.replace("resolve(__dirname, '../../../locales')", "resolve(__dirname, '../locales')");
      if (contents === text) throw new Error(`${path} does not say any more where yargs has its locales.`);
      return { contents };
    });
  },
};

const folder = process.argv[2] ?? join(repository, 'dist', 'command');
const { metafile } = await build({
  absWorkingDir: repository,
  entryPoints: ['lib/cli/start.ts', 'lib/targets/databases/sqlite-process-main.ts', 'lib/toolkit.ts'],
  outdir: folder,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  mainFields: ['module', 'main'],
  external: notBundled.flatMap((name) => [name, `${name}/*`]),
  // Shorter to read for the engine; names stay, for the traces of errors.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'eof',
  metafile: true,
  plugins: [lateStringWidth, localesBeside],
  // What CommonJS libraries ask for at run time: Node's own modules.
  banner: {
    js: "import { createRequire as commonRequire } from 'node:module'; const require = commonRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

const yargs = packageFolder(Object.keys(metafile.inputs).find((input) => /node_modules\/yargs\//.test(input)) ?? '');
mkdirSync(join(folder, 'locales'), { recursive: true });
for (const locale of locales) {
  const words = readFileSync(join(repository, yargs, 'locales', `${locale}.json`));
  writeFileSync(join(folder, 'locales', `${locale}.json`), words);
}
writeFileSync(join(folder, 'licences.txt'), licences());
// Chunks have their content's hash in their names: those of earlier builds stay behind.
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(folder)) if (name.endsWith('.js') && !made.has(name)) rmSync(join(folder, name));

/** The licences of what is in the bundle, word for word. */
function licences() {
  const inputs = Object.keys(metafile.inputs).map((input) => input.replace(/^[^:/]*:/, ''));
  const folders = inputs.filter((input) => input.includes('node_modules/')).map(packageFolder);
  return [...new Set(folders)].sort().map(licenceOf).join('\n');
}

function licenceOf(path) {
  const absolute = join(repository, path);
  const { name, version, license } = JSON.parse(readFileSync(join(absolute, 'package.json'), 'utf8'));
  const file = readdirSync(absolute).find((one) => /^licen[cs]e(\.\w+)?$/i.test(one));
  const text = file === undefined ? '' : `\n${readFileSync(join(absolute, file), 'utf8').trim()}\n`;
  return `${name} ${version} (${license})\n${text}`;
}

/** `…/node_modules/@scope/name` of a file's path in it, below the repository. */
function packageFolder(input) {
  const path = input.startsWith('/') ? relative(repository, input) : input;
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? [];
  if (folder === undefined) throw new Error(`No package is found for ${input}.`);
  return folder;
}
