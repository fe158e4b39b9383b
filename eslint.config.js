import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Rules that find mistakes. How code looks is Prettier's, which folder may import which is dependency-cruiser's
 * (`.dependency-cruiser.cjs`), and unused names are the compiler's.
 */
export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'backups/', 'coverage/', 'examples/*/node_modules/'] },
  {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser, parserOptions: { projectService: true } },
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // Promises: none forgotten, none where a plain value is meant.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      // Types: nothing escapes them.
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/restrict-plus-operands': 'error',
      // Slips.
      eqeqeq: 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': 'error',
      'no-control-regex': 'error',
      'no-misleading-character-class': 'error',
      'no-unsafe-finally': 'error',
      'no-async-promise-executor': 'error',
      'no-self-compare': 'error',
      'no-constant-condition': 'error',
      'no-dupe-else-if': 'error',
      'no-unused-expressions': 'error',
    },
  },
  {
    // In a test, a missing value fails right there.
    files: ['tests/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // What enters through the clock, the environment and the working directory comes in from above (docs: architecture).
    files: ['lib/**/*.ts'],
    ignores: ['lib/core/clock.ts', 'lib/core/child-environment.ts', 'lib/toolkit.ts', 'lib/cli/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'The environment comes in as a parameter.',
        },
        {
          selector: "CallExpression[callee.object.name='process'][callee.property.name='cwd']",
          message: 'Paths come in absolute.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Use the Clock of lib/core/clock.ts.',
        },
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Use the Clock of lib/core/clock.ts.',
        },
        {
          selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
          message: 'Use the Random of lib/core/clock.ts.',
        },
      ],
    },
  },
);
