import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MINUTES = 60_000;
const OUTPUT_LIMIT = 32 * 1024 * 1024;

let folder: string;
let tarball: string;

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await run('npm', args, { cwd, env, maxBuffer: OUTPUT_LIMIT }).catch(
    (error: Error & { stdout?: string; stderr?: string }) => {
      throw new Error(`npm ${args.join(' ')}: ${error.message}\n${error.stdout}\n${error.stderr}`);
    },
  );
  return stdout;
}

/** A fresh application that installs the tarball as its users do. */
async function consumer(name: string): Promise<string> {
  const cwd = join(folder, name);
  cpSync(join('test/package/consumers', name), cwd, { recursive: true });
  await npm(cwd, 'install', '--no-audit', '--no-fund', '--prefer-offline', tarball);
  await npm(cwd, 'run', 'build');
  return cwd;
}

function version(cwd: string, dependency: string): string {
  const file = join(cwd, 'node_modules', dependency, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function jsonLines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-package-'));
  const [packed] = JSON.parse(await npm('.', 'pack', '--json', '--pack-destination', folder)) as [
    { filename: string },
  ];
  tarball = join(folder, packed.filename);
}, 2 * MINUTES);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the packed tarball', () => {
  it(
    'traces an ESM application on NestJS 12, and shares its context with the CommonJS build',
    async () => {
      const cwd = await consumer('esm-nest12');
      expect(version(cwd, '@nestjs/core')).toMatch(/^12\./);
      const output = await npm(cwd, 'run', 'start');
      const lines = jsonLines(output);
      const body = { traceId: 'req-001', esm: 'req-001', commonjs: 'req-001' };
      expect(lines.filter(({ message }) => message === 'answer')).toEqual([
        { message: 'answer', body },
        { message: 'answer', body },
      ]);
      const traced = lines.filter(({ request_id }) => request_id === 'req-001');
      expect(traced.map(({ message }) => message)).toEqual([
        ...['hello', 'Request finished'],
        ...['hello', 'Request finished'],
      ]);

      writeFileSync(join(cwd, 'app.log'), output);
      const untangle = ['exec', '--', 'nestjs-tracing', 'untangle', 'app.log'];
      expect(await npm(cwd, ...untangle)).toMatch(/GET \/hello 200 completed .*request=req-001/s);
      await npm(cwd, ...untangle, '--html', 'app.html');
      expect(readFileSync(join(cwd, 'app.html'), 'utf8')).toContain('"requestId":"req-001"');
    },
    4 * MINUTES,
  );

  it(
    'traces a CommonJS application on NestJS 12',
    async () => {
      const cwd = await consumer('commonjs-nest12');
      expect(version(cwd, '@nestjs/core')).toMatch(/^12\./);
      expect(version(cwd, 'nestjs-cls')).toMatch(/^7\./);
      const lines = jsonLines(await npm(cwd, 'run', 'start'));
      expect(lines).toContainEqual({
        message: 'answer',
        // W3C ids, because they are exported.
        body: { traceId: expect.stringMatching(/^[0-9a-f]{32}$/), commonjs: 'req-001' },
      });
      expect(lines).toContainEqual({ message: 'metrics', isCounted: true });
      expect(lines).toContainEqual({ message: 'viewer', isPage: true, otlp: 200 });
      expect(lines.filter(({ request_id }) => request_id === 'req-001')).toHaveLength(2);
    },
    4 * MINUTES,
  );

  it(
    'traces a NestJS 11 application, tested by Jest in CommonJS mode as its starter has it',
    async () => {
      const cwd = await consumer('jest-nest11');
      expect(version(cwd, '@nestjs/core')).toMatch(/^11\./);
      const output = await npm(cwd, 'run', 'start');
      const result = JSON.parse(output.slice(output.indexOf('{'))) as Record<string, unknown>;
      expect(result).toMatchObject({ success: true, numPassedTests: 12 });
    },
    4 * MINUTES,
  );
});
