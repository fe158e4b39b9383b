/**
 * The direction of imports (docs: architecture):
 *
 *   scripts, bin → cli → server, schedule → operations → targets, archive, store, crypto, remotes, monitor, notify
 *     → config → core
 *
 * Folders of the middle layer meet only in `operations`. `core` imports nothing of ours. There is no circle, of types
 * neither. `lib/toolkit.ts` wires config into operations; what it wires does not know it.
 */

const middleFolders = 'targets|archive|store|crypto|remotes|monitor|notify';
const middle = `^lib/(?:${middleFolders})/`;
const top = '^lib/(?:cli|server|schedule)/';
const outsideOfLib = '^(?:scripts|bin|bench|examples|tests)/';
const wiring = '^lib/[^/]+\\.ts$';
/**
 * What an archive carries of the store: its last members are the manifest and the metadata; an incremental one points into the
 * archives that the manifest of its base names.
 */
const storeParts = '^lib/store/(?:(?:base-)?manifest[^/]*|frame-table|content-pieces|metadata)\\.ts$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circle',
      comment: 'Two files that import each other, directly or around corners, are one file or need a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^lib/core/' },
      to: { path: ['^lib/(?!core/)', outsideOfLib] },
    },
    {
      name: 'config-imports-core-only',
      severity: 'error',
      from: { path: '^lib/config/' },
      to: { path: ['^lib/(?!config/|core/)', outsideOfLib] },
    },
    {
      name: 'messages-run-core-and-config-only',
      comment: 'Sentences may be typed by what operations return; they never run them.',
      severity: 'error',
      from: { path: '^lib/messages/' },
      to: { path: ['^lib/(?!messages/|config/|core/)', outsideOfLib], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'messages-import-no-higher-layer',
      severity: 'error',
      from: { path: '^lib/messages/' },
      to: { path: [top, wiring, outsideOfLib] },
    },
    {
      name: 'middle-imports-no-higher-layer',
      comment: 'Operations know the middle layer; it does not know them, nor the words that people read.',
      severity: 'error',
      from: { path: middle },
      to: { path: ['^lib/(?:operations|messages)/', top, wiring, outsideOfLib] },
    },
    {
      name: 'middle-folders-meet-in-operations',
      severity: 'error',
      from: { path: `^lib/(${middleFolders})/` },
      to: { path: middle, pathNot: ['^lib/$1/', '^lib/(?:store|crypto)/'] },
    },
    {
      name: 'only-archive-imports-store-and-crypto',
      comment:
        'An archive ends with the manifest, and goes through the stream of crypto. Nobody else of the middle layer.',
      severity: 'error',
      from: { path: `^lib/(${middleFolders})/`, pathNot: '^lib/archive/' },
      to: { path: '^lib/(?:store|crypto)/', pathNot: '^lib/$1/' },
    },
    {
      name: 'archive-imports-manifest-only',
      severity: 'error',
      from: { path: '^lib/archive/' },
      to: { path: '^lib/store/', pathNot: storeParts },
    },
    {
      name: 'operations-import-no-higher-layer',
      severity: 'error',
      from: { path: '^lib/operations/' },
      to: { path: [top, '^lib/messages/', wiring, outsideOfLib] },
    },
    {
      name: 'schedule-and-server-do-not-import-cli',
      severity: 'error',
      from: { path: '^lib/(schedule|server)/' },
      to: { path: ['^lib/cli/', outsideOfLib] },
    },
    {
      name: 'lib-imports-nothing-outside',
      comment: 'Scripts, benchmarks, examples and tests use the library, never the other way round.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: outsideOfLib },
    },
    {
      name: 'not-found',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'published-code-needs-published-packages',
      comment: 'What lib imports stands in dependencies, so that it is there when the toolkit is installed.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
