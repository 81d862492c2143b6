import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { TracingModule } from 'nestjs-tracing';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { TraceViewerModule, type ViewerLimits } from 'nestjs-tracing/viewer';
import { LineSink } from '../../support/line-sink.js';
import {
  PLATFORMS,
  sinkLogger,
  tracedApp,
  type Platform,
  type TracedApp,
} from '../../support/traced-app.js';
import { ask, StreamReader, type RawAnswer } from '../support.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const JSON_TYPE = { 'Content-Type': 'application/json' };

const logs = (...messages: string[]): string =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'billing' } }] },
        scopeLogs: [
          {
            logRecords: messages.map((stringValue) => ({
              timeUnixNano: '1700000000000000000',
              severityText: 'INFO',
              body: { stringValue },
              traceId: TRACE,
              spanId: SPAN,
            })),
          },
        ],
      },
    ],
  });

const start = (platform: Platform, limits: ViewerLimits = {}): Promise<TracedApp> =>
  tracedApp(platform)
    .of({ imports: [TraceViewerModule.forRoot({ limits })] })
    .start();

const post = (
  port: number,
  body: string | Buffer,
  headers: Record<string, string> = JSON_TYPE,
  path = '/_traces/v1/logs',
): Promise<RawAnswer> => ask(port, path, headers, { method: 'POST', body });

describe.each(PLATFORMS)('what other services send, on %s', (platform) => {
  it('is shown with what the application does itself', async () => {
    const { port } = await start(platform);
    const answer = await post(port, logs('Invoice written'));
    expect([answer.status, JSON.parse(answer.body)]).toEqual([200, {}]);
    const reader = await StreamReader.open(port);
    expect(await reader.until('line', 1)).toMatchObject([
      { service: 'billing', message: 'Invoice written', w3cTraceId: TRACE, spanId: SPAN },
    ]);
    reader.close();
  });

  it.each([
    ['gzip', gzipSync],
    ['GZip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('is unpacked: %s', async (encoding, pack) => {
    const { port } = await start(platform);
    const headers = { ...JSON_TYPE, 'Content-Encoding': encoding };
    expect((await post(port, pack(logs('packed')), headers)).status).toBe(200);
    const reader = await StreamReader.open(port);
    expect(await reader.until('line', 1)).toMatchObject([{ message: 'packed' }]);
    reader.close();
  });

  it('is refused when it is malformed, of another type or encoding, or too large', async () => {
    const body = logs('x');
    const { port } = await start(platform, { bodyBytes: body.length });
    expect((await post(port, body)).status).toBe(200);
    expect((await post(port, `${body} `)).status).toBe(413);
    expect((await post(port, body, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' })).status).toBe(
      200,
    );
    expect(
      (await post(port, `${body} `, { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' })).status,
    ).toBe(413);
    const bomb = gzipSync(Buffer.alloc(body.length + 1, ' '));
    expect((await post(port, bomb, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status).toBe(413);
    expect((await post(port, 'x', { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status).toBe(400);
    expect((await post(port, body, { ...JSON_TYPE, 'Content-Encoding': 'zstd' })).status).toBe(415);
    expect((await post(port, body, { 'Content-Type': 'text/plain' })).status).toBe(415);
    expect((await post(port, body, { 'Content-Type': 'constructor' })).status).toBe(415);
    expect((await post(port, body, {})).status).toBe(415);
    for (const malformed of ['', '{', '[]', '"x"']) {
      expect([malformed, (await post(port, malformed)).status]).toEqual([malformed, 400]);
    }
    const protobuf = { 'Content-Type': 'application/x-protobuf' };
    const refusal = await post(port, 'nonsense', protobuf);
    expect([refusal.status, refusal.headers['content-type']]).toEqual([
      400,
      'application/x-protobuf',
    ]);
    expect((await post(port, Buffer.alloc(0), protobuf)).status).toBe(200);
    expect((await ask(port, '/_traces/v1/logs')).status).toBe(405);
    expect((await post(port, '{}', JSON_TYPE, '/_traces/v1/metrics')).status).toBe(404);
    expect((await post(port, '{}', JSON_TYPE, '/_traces/')).status).toBe(405);
  });

  it('is dropped and counted when it is too much, and the sender still gets a success', async () => {
    const { port } = await start(platform, { linesPerSecond: 10 });
    const messages = Array.from({ length: 500 }, (_, n) => `line ${n}`);
    expect((await post(port, logs(...messages))).status).toBe(200);
    const reader = await StreamReader.open(port);
    const { lines } = (await reader.until('drops', 1)).at(-1)!;
    expect(lines).toBeGreaterThan(400);
    expect(await reader.until('line', 500 - lines)).toHaveLength(500 - lines);
    reader.close();
  });

  it.each(['http/json', 'http/protobuf'] as const)(
    'comes from an application with the exporter of this package: %s',
    async (protocol) => {
      const { port, url } = await start(platform);
      @Controller()
      class Ledger {
        @Get('book')
        book(): string {
          return 'booked';
        }
      }
      const sender = await tracedApp(platform)
        .importing(
          TracingModule.forRoot({ logger: sinkLogger(new LineSink()) }),
          OtlpModule.forRoot({
            url: `${url}/_traces`,
            protocol,
            resource: { 'service.name': 'ledger' },
          }),
        )
        .of({ controllers: [Ledger] })
        .start();
      await sender.send('/book', { headers: { 'X-Request-ID': 'req-9', 'X-Session-ID': 'abc' } });
      await sender.app.close();
      const reader = await StreamReader.open(port);
      const [request] = await reader.until('request', 1);
      expect(request).toMatchObject({
        service: 'ledger',
        requestId: 'req-9',
        sessionId: 'abc',
        method: 'GET',
        path: '/book',
        status_code: 200,
        outcome: 'completed',
      });
      const lines = await reader.until('line', 1);
      const finish = lines.find(({ message }) => message === 'Request finished')!;
      expect(finish).toMatchObject({ requestId: 'req-9', spanId: request!.spanId });
      reader.close();
    },
  );
});
