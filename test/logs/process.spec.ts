import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { transformSync } from '@swc/core';
import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Whole processes that log with the sources of this package and then end in some way.

jest.setTimeout(30_000);

const ROOT = process.cwd();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const target = join(folder, 'src', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    const { code } = transformSync(readFileSync(join(ROOT, 'src', file), 'utf8'), {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'es6' },
    });
    writeFileSync(target, code);
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const LOGGER = `
  import winston from 'winston';
  import { LineTransport } from './src/logs/line-transport.js';
  const format = winston.format((info) => {
    info[Symbol.for('message')] = info.message;
    return info;
  });
  const logger = winston.createLogger({ format: format(), transports: new LineTransport(1) });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
`;

interface Ended {
  readonly code: number | null;
  readonly lines: string[];
  readonly errors: string;
}

/** Runs a script to its end. The reader of its output may be slow, or go away. */
async function run(
  script: string,
  reader: 'quick' | 'slow' | 'gone' | 'stopped' = 'quick',
): Promise<Ended> {
  const file = join(folder, `script-${Math.random()}.js`);
  writeFileSync(file, LOGGER + script);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let [output, errors] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (data: string) => (errors += data));
  if (reader === 'gone') child.stdout.destroy();
  if (reader === 'slow') await sleep(500);
  if (reader === 'stopped') await new Promise((resolve) => child.once('exit', resolve));
  child.stdout.setEncoding('utf8').on('data', (data: string) => (output += data));
  const code = await closed;
  return { code, lines: output.split('\n').slice(0, -1), errors };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
const LOG_100 = "for (let i = 0; i < 100; i++) logger.info('line ' + i);";

describe('every line is there', () => {
  it.concurrent.each<[string, string, number]>([
    ['at the end', LOG_100, 0],
    ['before process.exit()', `await turn(); ${LOG_100} process.exit(3);`, 3],
    ['before process.exit() in the first turn', `${LOG_100} process.exit(3);`, 3],
    ['before an uncaught exception', `await turn(); ${LOG_100} throw new Error('crash');`, 1],
    [
      'before an uncaught exception of a timer',
      `setTimeout(() => { ${LOG_100} throw new Error('crash'); });`,
      1,
    ],
    [
      'before a rejection that nobody handles',
      `await turn(); ${LOG_100} Promise.reject(new Error('crash')); await new Promise(() => {});`,
      1,
    ],
    [
      'from a listener of `exit`',
      `logger.info('line 0'); await turn();
       process.on('exit', () => { for (let i = 1; i < 100; i++) logger.info('line ' + i); });`,
      0,
    ],
    [
      'from a listener of `uncaughtExceptionMonitor`',
      `process.on('uncaughtExceptionMonitor', () => { ${LOG_100} }); await turn(); throw new Error();`,
      1,
    ],
  ])('%s', async (_name, script, code) => {
    const ended = await run(script);
    expect(ended.lines).toEqual(numbered(100));
    expect(ended.code).toBe(code);
  });

  it.concurrent('though the reader is slow and the pipe is full', async () => {
    // Touching stdout makes Node set the pipe to non-blocking, so that writes fail with EAGAIN.
    const script = `
      process.stdout.writable;
      for (let i = 0; i < 20_000; i++) {
        logger.info('line ' + i + ' ' + 'x'.repeat(100));
        if (i % 1000 === 0) await turn();
      }`;
    const { code, lines, errors } = await run(script, 'slow');
    expect(errors).toBe('');
    expect(lines.map((line) => line.replace(/ x+$/, ''))).toEqual(numbered(20_000));
    expect(code).toBe(0);
  });

  it.concurrent('though the reader is slow and the process exits', async () => {
    const script = `
      process.stdout.writable;
      await turn();
      for (let i = 0; i < 20_000; i++) logger.info('line ' + i + ' ' + 'x'.repeat(100));
      process.exit(0);`;
    const { lines } = await run(script, 'slow');
    expect(lines).toHaveLength(20_000);
  });
});

describe('a reader that goes away', () => {
  it.concurrent('does not crash the process, and costs one warning', async () => {
    const script = `
      for (let i = 0; i < 100; i++) { logger.info('line ' + i); await turn(); }
      console.error('still here');
      process.exit(7);`;
    const { code, errors } = await run(script, 'gone');
    expect(code).toBe(7);
    expect(errors).toContain('still here');
    expect(errors.split('TRACING_WRITE_FAILED')).toHaveLength(2);
  });
});

describe('a reader that has stopped', () => {
  it.concurrent(
    'holds up the end of the process for two seconds, and not for each line',
    async () => {
      const script = `
      process.stdout.writable;
      await turn();
      process.on('exit', () => { for (let i = 0; i < 3; i++) logger.info('bye'); });
      logger.info('x'.repeat(5_000_000));
      process.exit(0);`;
      const startedAt = performance.now();
      expect((await run(script, 'stopped')).code).toBe(0);
      expect(performance.now() - startedAt).toBeLessThan(5000);
    },
  );
});

describe('a warning', () => {
  it.concurrent('is one of the process, with type and code', async () => {
    const script = `
      const { traceLogger } = await import('./src/logs/trace-logger.js');
      traceLogger(logger);
      process.on('warning', ({ name, code, message }) => {
        console.error(JSON.stringify({ name, code, message }));
      });
      logger.add(new winston.transports.Stream({
        stream: process.stderr,
        format: winston.format(() => { throw new Error('on purpose'); })(),
      }));
      ${LOG_100}`;
    const { code, lines, errors } = await run(script);
    expect(code).toBe(0);
    expect(lines).toEqual(numbered(100));
    const warnings = errors
      .split('\n')
      .filter((line) => line.startsWith('{"name":"TracingWarning"'));
    expect(warnings.map((line) => JSON.parse(line) as object)).toEqual([
      {
        name: 'TracingWarning',
        code: 'TRACING_FORMAT_FAILED',
        message: 'nestjs-tracing: a log format threw: on purpose',
      },
    ]);
  });
});
