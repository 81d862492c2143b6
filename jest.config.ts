/**
 * @jest-config-loader ts-node
 * @jest-config-loader-options {"swc": true, "skipProject": true}
 */
import type { Config } from 'jest';
import { specProjects } from './test/support/spec-projects.mjs';

const jsc = {
  target: 'es2022',
  parser: { syntax: 'typescript', decorators: true },
  transform: { legacyDecorator: true, decoratorMetadata: true },
  keepClassNames: true,
};

const shared: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: ['/node_modules/', '/consumers/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^nestjs-tracing$': '<rootDir>/src/index.ts',
    '^nestjs-tracing/(.*)$': '<rootDir>/src/$1/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^(.*/(?:page-folder|load-prom-client|load-open-telemetry))\\.cjs$': '$1.cts',
  },
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc, module: { type: 'es6' }, sourceMaps: 'inline' }],
    '^.+\\.cts$': ['@swc/jest', { jsc, module: { type: 'commonjs' }, sourceMaps: 'inline' }],
  },
};

const retrying = '<rootDir>/test/support/retry.ts';
const undoing: Config = {
  setupFilesAfterEnv: [retrying, '<rootDir>/test/support/undo-patches.ts'],
};

const specs = specProjects(process.cwd());

const config: Config = {
  // Each suite loads NestJS afresh, which keeps a core busy: there is a worker for each.
  maxWorkers: '100%',
  // What a suite has loaded is not given back, and a full heap makes all that follow slow.
  workerIdleMemoryLimit: '1GB',
  // A busy machine is slow, not broken: what a test promises about time it measures itself.
  testTimeout: 30_000,
  projects: [
    { ...shared, setupFilesAfterEnv: [retrying], displayName: 'unit', testMatch: specs.unit },
    { ...shared, ...undoing, displayName: 'app', testMatch: specs.app },
    { ...shared, ...undoing, displayName: 'process', testMatch: specs.process },
  ],
};

export default config;
