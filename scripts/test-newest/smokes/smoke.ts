import { writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import 'reflect-metadata';
import {
  Controller,
  Get,
  Logger,
  Module,
  Param,
  type DynamicModule,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory, type AbstractHttpAdapter } from '@nestjs/core';
import { traceJson, TracingLogger, TracingModule } from 'nestjs-tracing';
import { createLogger, transports } from 'winston';

export type Line = Readonly<Record<string, unknown>>;

/** What an application does with a package, and what its log has to have of it. */
export interface Smoke {
  readonly metadata?: ModuleMetadata;
  /** The part of the application that only starts with `SERVER`. */
  readonly withServer?: ModuleMetadata;
  readonly adapter?: AbstractHttpAdapter;
  /** Before the application listens. */
  readonly prepared?: (app: INestApplication) => unknown;
  /** Whether the package needs `SERVER`: without one the application only starts. */
  readonly needsServer?: boolean;
  /** What a request does. */
  readonly work?: (n: number, app: INestApplication) => unknown;
  /** Names of steps on each request's access log line. */
  readonly steps?: readonly RegExp[];
  /** Lines that the trace of each request has, besides. */
  readonly lines?: readonly Line[];
  /** Checks more, once the requests are over. Returns what it has seen. */
  readonly check?: (app: INestApplication) => Promise<string>;
  /** Once the application is closed. A text that it returns is what it has seen. */
  readonly after?: () => unknown;
}

const REQUESTS = 5;
const PATIENCE_MS = 30_000;
export const isTraced = process.env['TRACING'] !== 'off';
/** The URL of the server that the package talks to. */
export const SERVER = process.env['SERVER_URL'] ?? '';

/** All that was logged. */
export const lines: Line[] = [];
const warnings: string[] = [];

process.on('warning', (warning: Error & { code?: string }) => {
  if (warning.code?.startsWith('TRACING_')) warnings.push(`${warning.code}: ${warning.message}`);
});

/** Where JSON lines are written to be read here. */
export const sink = new Writable({
  write(chunk, _encoding, next) {
    for (const line of String(chunk).split('\n')) {
      if (line !== '') lines.push(JSON.parse(line) as Line);
    }
    next();
  },
});

export function traceIdOf(n: number): string {
  return `0af7651916cd43dd8448eb21${String(n).padStart(8, '0')}`;
}

/** The module; nothing where the smoke test runs without it. */
export function tracing(): DynamicModule[] {
  if (!isTraced) return [];
  const logger = createLogger({
    levels: { fatal: 0, error: 1, warn: 2, info: 3, debug: 4, verbose: 5 },
    level: 'info',
    format: traceJson({ service: 'smoke' }),
    transports: [new transports.Stream({ stream: sink })],
  });
  // Each access log line has its steps.
  return [TracingModule.forRoot({ logger, accessLog: { slowerThan: 0 } })];
}

/** Waits for what comes true some time after a request. */
export async function eventually(isTrue: () => boolean, what: () => string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isTrue()) {
    if (Date.now() > deadline) throw new Error(what());
    await sleep(20);
  }
}

export function expectThat(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what);
}

/** Whether a line has these fields, with patterns for some. */
export function matches(line: Line, fields: Line): boolean {
  return Object.entries(fields).every(([name, value]) =>
    value instanceof RegExp ? value.test(String(line[name])) : line[name] === value,
  );
}

/** Loads a package whose newest types are not those of this repository. */
export async function load<T>(name: string): Promise<T> {
  return (await import(name)) as T;
}

/** Runs a smoke test of any kind, and leaves its verdict for the process that has started this one. */
export async function report(run: () => Promise<string>): Promise<never> {
  let verdict = 'right';
  let reason: string;
  try {
    reason = await run();
    // A package may warn a moment after what it warns of.
    await sleep(50);
    if (isTraced && warnings.length > 0) throw new Error(warnings.join(' '));
  } catch (error) {
    verdict = 'wrong';
    reason =
      error instanceof Error
        ? `${error.message} ${error.stack?.split('\n')[1] ?? ''}`
        : String(error);
    console.error(error);
  }
  console.log(lines.map((line) => JSON.stringify(line)).join('\n'));
  writeFileSync('verdict.json', JSON.stringify({ verdict, reason }));
  process.exit(0);
}

/** Starts an application and lets overlapping requests do the work. */
export function smoke(test: Smoke): Promise<never> {
  return report(async () => {
    const { metadata = {}, adapter, prepared, needsServer = false, work, check, after } = test;
    const { withServer = {} } = SERVER === '' ? {} : test;
    const canRun = !needsServer || SERVER !== '';
    let app: INestApplication;
    @Controller()
    class WorkController {
      private readonly logger = new Logger('Work');

      @Get('work/:n')
      async work(@Param('n') n: string): Promise<string> {
        this.logger.log(`working ${n}`);
        await work?.(Number(n), app);
        return n;
      }
    }
    @Module({
      imports: [...tracing(), ...(metadata.imports ?? []), ...(withServer.imports ?? [])],
      controllers: [
        WorkController,
        ...(metadata.controllers ?? []),
        ...(withServer.controllers ?? []),
      ],
      providers: [...(metadata.providers ?? []), ...(withServer.providers ?? [])],
    })
    class AppModule {}
    const options = { bufferLogs: isTraced, abortOnError: false, forceCloseConnections: true };
    app = adapter
      ? await NestFactory.create(AppModule, adapter, options)
      : await NestFactory.create(AppModule, options);
    if (isTraced) app.useLogger(app.get(TracingLogger));
    await prepared?.(app);
    await app.listen(0, '127.0.0.1');
    let seen = 'starts';
    if (canRun) {
      await sendAll(await app.getUrl());
      if (isTraced) {
        seen = await checkLines(test);
        const more = await check?.(app);
        if (more !== undefined) seen += `; ${more}`;
      }
    }
    await app.close();
    const last = await after?.();
    if (isTraced && typeof last === 'string') seen += `; ${last}`;
    return seen;
  });
}

async function sendAll(url: string): Promise<void> {
  const numbers = Array.from({ length: REQUESTS }, (_, n) => n);
  const send = async (n: number): Promise<void> => {
    const headers = {
      traceparent: `00-${traceIdOf(n)}-b7ad6b7169203331-01`,
      'x-request-id': `request-${n}`,
      'x-session-id': `session-${n}`,
    };
    const response = await fetch(`${url}/work/${n}`, { headers });
    const text = await response.text();
    expectThat(response.status === 200, `the request is answered with ${response.status} ${text}`);
    expectThat(text === String(n), `the request is answered with ${text}`);
  };
  await Promise.all(numbers.map(send));
}

async function checkLines(test: Smoke): Promise<string> {
  const { steps = [] } = test;
  const names = new Set<string>();
  const isWanted = (name: string): boolean => steps.some((step) => step.test(name));
  for (let n = 0; n < REQUESTS; n++) {
    const ids = { trace_id: traceIdOf(n), request_id: `request-${n}`, session_id: `session-${n}` };
    const end = { ...ids, message: 'Request finished', path: `/work/${n}`, outcome: 'completed' };
    const line = await lineOf(end);
    await lineOf({ ...ids, message: `working ${n}`, span_id: line['span_id'] });
    const found = ((line['steps'] ?? []) as { name: string }[]).map(({ name }) => name);
    for (const step of steps) {
      expectThat(
        found.some((name) => step.test(name)),
        `no step ${String(step)} among ${found.join(', ') || 'none'}`,
      );
    }
    if (n === 0) for (const name of found) if (isWanted(name)) names.add(name);
    for (const wanted of test.lines ?? []) {
      const { message, msg } = await lineOf({ ...wanted, trace_id: traceIdOf(n) });
      if (n === 0) names.add(String(message ?? msg));
    }
  }
  const all = ['Request finished', ...names];
  return `${REQUESTS} overlapping requests: ids right; ${all.join(', ')}`;
}

/** Waits for a line. */
export async function lineOf(fields: Line): Promise<Line> {
  await eventually(
    () => lines.some((line) => matches(line, fields)),
    () => {
      const near = lines.filter((line) => line['message'] === fields['message']).slice(0, 2);
      const wanted = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
      return `no line with ${wanted.join(' ')}; but ${JSON.stringify(near)}`;
    },
  );
  return lines.find((line) => matches(line, fields))!;
}
