import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, Packed, version } from './packed.js';

const MINUTES = 60_000;

let packed: Packed;

function jsonLines(output: string): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeAll(async () => {
  packed = await Packed.make();
}, 2 * MINUTES);

afterAll(() => packed.remove());

describe('the packed tarball', () => {
  it(
    'traces an ESM application on NestJS 12, and shares its context with the CommonJS build',
    async () => {
      const cwd = await packed.consumer('esm-nest12');
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
      const cwd = await packed.consumer('commonjs-nest12');
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
      const cwd = await packed.consumer('jest-nest11');
      expect(version(cwd, '@nestjs/core')).toMatch(/^11\./);
      const output = await npm(cwd, 'run', 'start');
      const result = JSON.parse(output.slice(output.indexOf('{'))) as Record<string, unknown>;
      expect(result).toMatchObject({ success: true, numPassedTests: 13 });
    },
    4 * MINUTES,
  );

  it(
    'adds its matchers to Vitest, with their types',
    async () => {
      const cwd = await packed.consumer('vitest-nest12');
      const output = await npm(cwd, 'run', 'start');
      const result = JSON.parse(output.slice(output.indexOf('{'))) as Record<string, unknown>;
      expect(result).toMatchObject({ success: true, numPassedTests: 1 });
    },
    4 * MINUTES,
  );
});
