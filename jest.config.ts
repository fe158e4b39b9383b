/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/tests'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/tests/support/transform-typescript.mjs' },
  testTimeout: 240_000,
  maxWorkers: 2,
  setupFiles: ['<rootDir>/tests/support/pin-umask.ts', '<rootDir>/tests/support/keep-sqlite-objects.ts'],
  globalSetup: '<rootDir>/tests/support/build-once.ts',
};

export default config;
