import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = 'start-application.js';

const dependencies = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  'nestjs-cls',
  'nestjs-pino',
  'pino-http',
  'reflect-metadata',
  'rxjs',
  'winston',
] as const;

/**
 * A folder with no more installed than a small application has. In this repository are all packages that
 * are traced, such as the SDKs of MCP, and loading what belongs to them would count as a part of the
 * start.
 */
export function makePlainProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-startup-'));
  const inProject = (name: string) => join(folder, 'node_modules', name);
  for (const name of dependencies) {
    mkdirSync(dirname(inProject(name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), inProject(name));
  }
  // A copy: what it imports is looked for where it is, and not where a link to it is.
  for (const part of ['package.json', 'dist/esm']) {
    cpSync(join(root, part), join(inProject('nestjs-tracing'), part), { recursive: true });
  }
  cpSync(fileURLToPath(new URL(`./${program}`, import.meta.url)), join(folder, program));
  const versions = Object.fromEntries(
    [...dependencies, 'nestjs-tracing'].map((name) => [name, '*']),
  );
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'plain', type: 'module', dependencies: versions }),
  );
  return folder;
}
