import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Logger, Param, Post, Res } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { createLogger, transports } from 'winston';
import { OtlpModule } from '../../src/otlp/index.js';
import { TraceContext, TracingLogger } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { fileOf, run } from '../cli/cli.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { OtlpReceiver } from '../support/otlp-receiver.js';
import { PLATFORMS, tracedApp, type Platform } from '../support/traced-app.js';
import { anyValue, attributes } from '../viewer/receiver/otlp-bodies.js';
import { LINE_FORMATS } from './entry-attacks.js';
import { rawRequest } from './raw-request.js';
import { PROCESS_PLACES, SECRET_PLACES } from './secret-places.js';

/** What must be in every sink: one that has nothing proves nothing. */
const VISIBLE = 'visible-to-all';
const REQUESTS = SECRET_PLACES.length;

const secretOf = (index: number): string => `canary${index}x`;
const processSecret = (index: number): string => `canaryOfProcess${index}x`;

let upstream: Server;

@Controller()
class SecretsController {
  private readonly logger = new Logger('Secrets');
  constructor(private readonly trace: TraceContext) {}

  @Get()
  get(): string {
    this.logger.log(VISIBLE);
    return 'ok';
  }

  @Post()
  post(): string {
    return 'ok';
  }

  @Get('fails')
  fails(): never {
    throw new HttpException('failed', 502);
  }

  @Get('sets-cookie')
  setsCookie(@Res() response: ServerResponse & { send: (text: string) => void }): void {
    (response as unknown as { header(name: string, value: string): void }).header(
      'set-cookie',
      `sid=canary${SECRET_PLACES.findIndex(({ name }) => name === 'a cookie that is set')}x`,
    );
    response.send('ok');
  }

  @Get('does/:index')
  async does(@Param('index') index: string): Promise<string> {
    const { port } = upstream.address() as AddressInfo;
    const scene = { logger: this.logger, trace: this.trace, upstream: { port } };
    await SECRET_PLACES[Number(index)]!.does!(secretOf(Number(index)), scene);
    return 'ok';
  }
}

/** All that leaves the application, by the name of the sink. */
type Sinks = Map<string, string>;

beforeAll(async () => {
  upstream = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1');
  process.argv.push(`--password=${processSecret(0)}`, VISIBLE);
  process.env['DATABASE_PASSWORD'] = processSecret(1);
  await new Promise((resolve) => upstream.once('listening', resolve));
});

afterAll(() => {
  process.argv.splice(-2);
  delete process.env['DATABASE_PASSWORD'];
  upstream.closeAllConnections();
  upstream.close();
});

async function gather(platform: Platform): Promise<Sinks> {
  const collector = await OtlpReceiver.start();
  const logs = new Map(LINE_FORMATS.map(({ name }) => [name, new LineSink()]));
  const logger = createLogger({
    level: 'silly',
    transports: LINE_FORMATS.map(
      ({ name, make }) => new transports.Stream({ stream: logs.get(name)!, format: make() }),
    ),
  });
  const registry = new Registry();
  const app = await tracedApp(platform)
    .with({ logger })
    .of({
      controllers: [SecretsController],
      imports: [
        TracingMetricsModule.forRoot({ registry }),
        OtlpModule.forRoot({ url: collector.url, protocol: 'http/json' }),
        TraceViewerModule.forRoot({
          authorize: () => true,
          limits: { requestsPerSecond: 10_000, linesPerSecond: 10_000 },
        }),
      ],
    })
    .create();
  app.useLogger(app.get(TracingLogger));
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const sinks: Sinks = new Map();
  try {
    for (const [index, { sends, attribute }] of SECRET_PLACES.entries()) {
      if (attribute !== undefined) await sendAttribute(url, attribute(secretOf(index)));
      else if (sends !== undefined) await rawRequest(port, sends(secretOf(index)));
      else await (await fetch(`${url}/does/${index}`)).arrayBuffer();
    }
    const json = logs.get('json')!;
    const finished = SECRET_PLACES.filter(({ attribute }) => attribute === undefined).length;
    await eventually(() => json.finished.length >= finished, 'the access log lines');
    sinks.set('metrics', await (await fetch(`${url}/metrics`)).text());
    sinks.set('the viewer’s stream', await streamOf(url, `last-of-${REQUESTS}`));
  } finally {
    await app.close();
  }
  for (const [name, sink] of logs) sinks.set(`log lines, ${name}`, sink.raw.join('\n'));
  const headers = collector.requests.map((request) => request.rawHeaders);
  sinks.set('what a collector gets', `${headers.join()} ${collector.bodies.join()}`);
  await collector.stop();
  await untangle(sinks, sinks.get('log lines, json')!);
  return sinks;
}

/** The log as the command line shows it. */
async function untangle(sinks: Sinks, log: string): Promise<void> {
  const file = fileOf(`secrets-${Date.now()}.log`, `${log}\n`);
  const page = `${file}.html`;
  const [text] = await Promise.all([
    run(['untangle', file]),
    run(['untangle', file, '--html', page]),
  ]);
  sinks.set('untangle', text.stdout + text.stderr);
  sinks.set('untangle --html', readFileSync(page, 'utf8'));
}

/** An attribute of a resource, of spans and of their events, and of a log entry and in its body. */
async function sendAttribute(url: string, [key, value]: readonly [string, unknown]) {
  const ids = { traceId: '6a0f3c5e9d2b4871a5e6c7d8091f2b3c', spanId: '3c8e5a7f1d2b6490' };
  const time = `${Date.now()}000000`;
  const own = attributes({ [key]: value });
  const resource = { attributes: [...attributes({ 'service.name': VISIBLE }), ...own] };
  const span = { ...ids, name: VISIBLE, startTimeUnixNano: time, endTimeUnixNano: time };
  const spans = [2, 1, 3].map((kind) => ({
    ...span,
    kind,
    ...(kind !== 2 && { parentSpanId: '7c1b5d0c9a2e4f60' }),
    attributes: own,
    events: [{ name: 'exception', timeUnixNano: time, attributes: own }],
  }));
  const record = { ...ids, timeUnixNano: time, severityNumber: 9, attributes: own };
  const logRecords = [VISIBLE, { [key]: value }].map((body) => ({
    ...record,
    body: anyValue(body),
  }));
  for (const [signal, sent] of Object.entries({
    traces: { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] },
    logs: { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] },
  })) {
    const response = await fetch(`${url}/_traces/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sent),
    });
    expect(response.status).toBe(200);
  }
}

/** What the viewer's page is sent, up to a request that is made for it. */
async function streamOf(url: string, lastId: string): Promise<string> {
  await (await fetch(url, { headers: { 'x-request-id': lastId } })).arrayBuffer();
  const abort = new AbortController();
  const { body } = await fetch(`${url}/_traces/stream`, { signal: abort.signal });
  let text = '';
  for await (const chunk of body!) {
    text += Buffer.from(chunk).toString();
    if (text.includes(lastId)) break;
  }
  abort.abort();
  return text;
}

describe.each(PLATFORMS)('secrets', (platform) => {
  let sinks: Sinks = new Map();
  beforeAll(async () => {
    sinks = await gather(platform);
  }, 60_000);

  const sinksWith = (text: string): string[] =>
    [...sinks].filter(([, shown]) => shown.includes(text)).map(([name]) => name);

  it(`on ${platform}: each sink is one`, () => {
    expect(sinksWith(VISIBLE)).toEqual([...sinks.keys()].filter((name) => name !== 'metrics'));
    expect(sinks.get('metrics')).toContain('http_server_request_duration_seconds_count');
    expect(sinks.size).toBeGreaterThan(10);
  });

  it.each(SECRET_PLACES.map(({ name }, index) => ({ name, index })))(
    `on ${platform}: $name`,
    ({ index }) => expect(sinksWith(secretOf(index))).toEqual([]),
  );

  it.each(PROCESS_PLACES.map((name, index) => ({ name, index })))(
    `on ${platform}: $name`,
    ({ index }) => expect(sinksWith(processSecret(index))).toEqual([]),
  );
});
