import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LineCounts } from 'nestjs-tracing';

// Whole processes that log with the sources of this package and then end in some way.

jest.setTimeout(30_000);

let folder: string;

// Bundled, for each script loads them anew.
const MODULES = [
  'src/logging/output/buffered-output',
  'src/logging/output/log-destination',
  'src/logging/output/line-transport',
  'src/logging/output/stdout-for-protocol',
  'src/logging/output/tracing-transport',
  'src/logging/winston/trace-logger',
];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const entries = [...MODULES.map((name) => `${name}=${name}.ts`), 'winston=winston'];
  execFileSync(process.execPath, ['test/support/bundle-sources.mjs', folder, ...entries]);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A module's own transport, and each kind of those that users make. */
const TRANSPORTS = {
  own: 'new LineTransport(new LineOutput(STANDARD_OUTPUT))',
  turn: 'new TracingTransport()',
  descriptor: 'new TracingTransport({ destination: 1 })',
  buffer: 'new TracingTransport({ bufferSize: 100_000, flushInterval: 60_000 })',
  file: "new TracingTransport({ destination: process.argv[1] + '.log', bufferSize: 1000 })",
  disk: "new TracingTransport({ destination: 'app.log' })",
};
type Kind = keyof typeof TRANSPORTS;

const prelude = (kind: Kind): string => `
  import winston from './winston.js';
  import { LineOutput } from './src/logging/output/buffered-output.js';
  import { STANDARD_OUTPUT } from './src/logging/output/log-destination.js';
  import { LineTransport } from './src/logging/output/line-transport.js';
  import { TracingTransport } from './src/logging/output/tracing-transport.js';
  const format = winston.format((info) => {
    info[Symbol.for('message')] = info.message;
    return info;
  });
  const transport = ${TRANSPORTS[kind]};
  const logger = winston.createLogger({ format: format(), transports: transport });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
`;

interface Ended {
  readonly code: number | null;
  readonly lines: string[];
  readonly errors: string;
}

/**
 * Runs a script to its end. The reader of its output may be slow, wait until the script says on
 * standard error that it is running, go away, or not read before the process has ended.
 */
async function run(
  script: string,
  reader: 'quick' | 'slow' | 'waiting' | 'gone' | 'stopped' = 'quick',
  kind: Kind = 'turn',
): Promise<Ended> {
  const file = join(folder, `script-${Math.random()}.js`);
  writeFileSync(file, prelude(kind) + script);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
  let [output, errors] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (data: string) => (errors += data));
  if (reader === 'gone') child.stdout.destroy();
  if (reader === 'slow') await sleep(1000);
  if (reader === 'waiting') await once(child.stderr, 'data');
  if (reader === 'stopped') await new Promise((resolve) => child.once('exit', resolve));
  child.stdout.setEncoding('utf8').on('data', (data: string) => (output += data));
  const code = await closed;
  if (kind === 'file') output = readFileSync(`${file}.log`, 'utf8');
  return { code, lines: output.split('\n').slice(0, -1), errors };
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `line ${i}`);
const LOG_100 = "for (let i = 0; i < 100; i++) logger.info('line ' + i);";

const ENDS: readonly (readonly [name: string, script: string, code: number])[] = [
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
    'before an unhandled rejection',
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
];
const KINDS: readonly Kind[] = ['own', 'buffer', 'file'];

describe('every line is written', () => {
  it.concurrent.each(KINDS.flatMap((kind) => ENDS.map((end) => [kind, ...end] as const)))(
    'by transport %s, %s',
    async (kind, _name, script, code) => {
      const ended = await run(script, 'quick', kind);
      expect(ended.lines).toEqual(numbered(100));
      expect(ended.code).toBe(code);
    },
  );

  it.concurrent.each([
    ['exception', "setTimeout(() => { throw new Error('crash'); });"],
    ['rejection', "Promise.reject(new Error('crash'));"],
  ])(
    'before an uncaught %s, which winston logs, though the process is killed',
    async (_, fault) => {
      const script = `
      transport.handleExceptions = true;
      logger.exceptions.handle();
      logger.rejections.handle(transport);
      ${LOG_100}
      await turn();
      process.on('uncaughtExceptionMonitor', () => {});
      setInterval(() => { if (transport.counts.written > 100) process.kill(process.pid, 'SIGKILL'); });
      ${fault}`;
      const { lines } = await run(script, 'quick', 'buffer');
      expect(lines.slice(0, 100)).toEqual(numbered(100));
      expect(lines[100]).toMatch(/^(?:uncaughtException|unhandledRejection): crash/);
    },
  );

  it.concurrent('4 MB of one turn', async () => {
    const script =
      "for (let i = 0; i < 40_000; i++) logger.info('line ' + i + ' ' + 'é'.repeat(45));";
    const { lines, code } = await run(script);
    expect(lines.map((line) => line.replace(/ é{45}$/, ''))).toEqual(numbered(40_000));
    expect(code).toBe(0);
  });

  it.concurrent('though the reader is slow and the pipe is full', async () => {
    // Touching stdout makes Node set the pipe to non-blocking, so that writes fail with EAGAIN.
    const script = `
      process.stdout.writable;
      for (let i = 0; i < 20_000; i++) {
        logger.info('line ' + i + ' ' + 'x'.repeat(100));
        if (i % 1000 === 0) await turn();
      }`;
    const { code, lines, errors } = await run(script, 'slow', 'own');
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
    const { lines } = await run(script, 'slow', 'own');
    expect(lines).toHaveLength(20_000);
  });
});

describe('a transport', () => {
  it.concurrent.each(['turn', 'descriptor'] as const)(
    'does not block the process for a reader that is slow: %s',
    async (kind) => {
      const script = `
        let ticks = 0;
        const timer = setInterval(() => {
          ticks++;
          if (ticks === 20) console.error('running');
          if (transport.counts.written < 20_000) return;
          clearInterval(timer);
        });
        for (let i = 0; i < 20_000; i++) logger.info('line ' + i + ' ' + 'x'.repeat(100));`;
      const { code, lines, errors } = await run(script, 'waiting', kind);
      expect([code, lines.length, errors]).toEqual([0, 20_000, 'running\n']);
    },
  );

  it.concurrent.each(['buffer', 'file'] as const)(
    'does not keep the process alive: %s',
    async (kind) => {
      const script = `
        logger.info('line 0');
        process.on('exit', () => console.error(performance.now() - startedAt < 500));
        const startedAt = performance.now();`;
      expect(await run(script, 'quick', kind)).toEqual({
        code: 0,
        lines: ['line 0'],
        errors: 'true\n',
      });
    },
  );

  it.concurrent('does not keep the process alive for a disk that is full', async () => {
    const script = `
      const full = new TracingTransport({ destination: '/dev/full' });
      logger.add(full);
      logger.info('line 0');
      const startedAt = performance.now();
      process.on('exit', () => {
        console.error(performance.now() - startedAt < 500, full.counts.waiting);
      });`;
    const { code, lines, errors } = await run(script);
    expect([code, lines]).toEqual([0, ['line 0']]);
    expect(errors).toContain('true 1\n');
    expect(errors).toContain('no space for log lines in /dev/full');
  });

  it.concurrent('leaves standard output to a protocol', async () => {
    const script = `
      const { leaveStdoutToProtocol } = await import('./src/logging/output/stdout-for-protocol.js');
      logger.info('line 0'); await turn();
      logger.info('line 1'); leaveStdoutToProtocol(); await turn();`;
    expect(await run(script)).toEqual({ code: 0, lines: ['line 0'], errors: 'line 1\n' });
    expect((await run(script, 'quick', 'descriptor')).lines).toEqual(numbered(2));
  });
});

// It takes a name space in which this user may mount.
const mayMount = spawnSync('unshare', ['-rm', 'true']).status === 0;

(mayMount ? describe : describe.skip)('a small disk', () => {
  /** A disk of 64 kB in a name space of its own, which goes with the process. */
  const onSmallDisk = (script: string): unknown => {
    const disk = mkdtempSync(join(folder, 'disk-'));
    const file = join(folder, `script-${Math.random()}.js`);
    writeFileSync(
      file,
      `import { appendFileSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
       import { setTimeout as sleep } from 'node:timers/promises';
       process.chdir(${JSON.stringify(disk)});
       ${prelude('disk')}
       const linesOf = (path) => readFileSync(path, 'utf8').split('\\n').slice(0, -1);
       ${script}`,
    );
    const mount = `mount -t tmpfs -o size=64k tmpfs ${disk} && exec "$0" "$1"`;
    const output = execFileSync('unshare', ['-rm', 'sh', '-c', mount, process.execPath, file], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return JSON.parse(output);
  };

  it('gets every line once, in order, when there is space again', () => {
    const result = onSmallDisk(`
      writeFileSync('ballast', Buffer.alloc(32 * 1024));
      for (let i = 0; i < 1000; i++) {
        logger.info('line ' + i + ' ' + 'x'.repeat(40));
        if (i % 10 === 0) await turn();
      }
      await turn();
      const full = { ...transport.counts };
      rmSync('ballast');
      const deadline = performance.now() + 15_000;
      while (transport.counts.waiting > 0 && performance.now() < deadline) await sleep(20);
      logger.info('line 1000 ');
      await turn();
      console.log(JSON.stringify({ full, end: transport.counts, lines: linesOf('app.log') }));
    `) as { full: LineCounts; end: LineCounts; lines: string[] };
    expect(result.full.written + result.full.waiting).toBe(1000);
    expect(result.full.waiting).toBeGreaterThan(300);
    expect(result.full.dropped).toBe(0);
    expect(result.lines.map((line) => line.replace(/ x*$/, ''))).toEqual(numbered(1001));
    expect(result.end).toMatchObject({ written: 1001, waiting: 0, dropped: 0 });
  });

  it('is full when the file is rotated: every line is whole in one of the two', () => {
    const result = onSmallDisk(`
      for (let i = 0; i < 1000; i++) {
        logger.info('line ' + i + ' ' + 'x'.repeat(80));
        if (i % 10 === 0) await turn();
      }
      await turn();
      const old = readFileSync('app.log', 'utf8');
      rmSync('app.log');
      transport.reopen();
      await turn();
      console.log(JSON.stringify({
        isTorn: !old.endsWith('\\n'),
        lines: [...old.split('\\n').slice(0, -1), ...linesOf('app.log')],
        end: transport.counts,
      }));
    `) as { isTorn: boolean; lines: string[]; end: LineCounts };
    expect(result.isTorn).toBe(true);
    expect(result.lines.map((line) => line.replace(/ x*$/, ''))).toEqual(numbered(1000));
    expect(result.end).toMatchObject({ written: 1000, waiting: 0, dropped: 0, failedReopens: 0 });
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

  it.concurrent('does not keep a process that has nothing else to do', async () => {
    const script = "logger.info('x'.repeat(5_000_000));";
    const startedAt = performance.now();
    expect((await run(script, 'stopped')).code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });
});

describe('a warning', () => {
  it.concurrent('is one of the process, with type and code', async () => {
    const script = `
      const { traceLogger } = await import('./src/logging/winston/trace-logger.js');
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

(process.platform === 'win32' ? describe.skip : describe)('a process without descriptors', () => {
  it('keeps the file that it has, and says what to do about another one', () => {
    const script = join(folder, 'descriptors.mjs');
    const file = `${script}.log`;
    rmSync(file, { force: true });
    const taking = `
      import { closeSync, openSync } from 'node:fs';
      ${prelude('file').replace("process.argv[1] + '.log'", JSON.stringify(file))}
      const taken = [];
      logger.info('before');
      let code;
      try { for (;;) taken.push(openSync('/dev/null')); } catch (error) { code = error.code; }
      let refused;
      try { new TracingTransport({ destination: ${JSON.stringify(`${file}.2`)} }); } catch (error) { refused = error; }
      const reopened = transport.reopen();
      logger.info('during');
      transport.flush();
      for (const fd of taken) closeSync(fd);
      const { message } = refused;
      console.log(JSON.stringify({ code, message, reopened, again: transport.reopen() }));
    `;
    writeFileSync(script, taking);
    const limited = `ulimit -n 200; exec ${process.execPath} --no-warnings ${script}`;
    const { NODE_OPTIONS: _, ...env } = process.env;
    const output = execFileSync('sh', ['-c', limited], { encoding: 'utf8', env });
    expect(JSON.parse(output)).toEqual({
      code: 'EMFILE',
      message: expect.stringContaining('let this process open more files'),
      reopened: false,
      again: true,
    });
    expect(readFileSync(file, 'utf8')).toBe('before\nduring\n');
  });
});

describe('the calls that write the lines of a turn', () => {
  const COUNTED = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    import { leaveStdoutToProtocol } from './src/logging/output/stdout-for-protocol.js';
    const { writeSync } = fs;
    let calls = 0;
    fs.writeSync = (...args) => { calls++; return writeSync(...args); };
    syncBuiltinESMExports();
    const logTurn = async () => {
      calls = 0;
      for (let i = 0; i < 20; i++) logger.info('x'.repeat(999));
      await turn(); await turn();
      return calls;
    };
  `;

  function callsOf(script: string, output: 'file' | 'pipe', kind: Kind): string {
    const file = join(folder, `script-${Math.random()}.js`);
    const counts = `${file}.counts`;
    const tell = `fs.writeFileSync(${JSON.stringify(counts)}, String(all));`;
    writeFileSync(file, `${prelude(kind)}${COUNTED}${script}${tell}`);
    const stdout = output === 'file' ? openSync(`${file}.out`, 'w') : 'pipe';
    const ended = spawnSync(process.execPath, [file], { stdio: ['ignore', stdout, 'pipe'] });
    if (typeof stdout === 'number') closeSync(stdout);
    expect(ended.status).toBe(0);
    return readFileSync(counts, 'utf8');
  }

  it.each(['own', 'turn', 'descriptor'] as const)(
    'by transport %s, are one to a file, whatever standard error is',
    (kind) => {
      expect(callsOf('const all = [await logTurn()];', 'file', kind)).toBe('1');
    },
  );

  it('to a pipe, are as long as it takes as a whole', () => {
    expect(callsOf('const all = [await logTurn()];', 'pipe', 'own')).toBe('5');
  });

  it('change where lines go to standard error from some time on', () => {
    const script =
      'const all = [await logTurn()]; leaveStdoutToProtocol(); all.push(await logTurn());';
    expect(callsOf(script, 'file', 'own')).toBe('1,5');
  });
});
