import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Step } from '../../src/index.js';
import { eventually, type Line } from '../support/line-sink.js';
import { ServiceProcess } from '../support/service-process.js';

jest.setTimeout(60_000);

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

let peer: Server;
let http2Peer: Http2Server;
/** The names of the headers of each call through `node:http2`. */
const http2Names: string[][] = [];

beforeAll(async () => {
  peer = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(request.headersDistinct));
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  http2Peer = createHttp2Server();
  http2Peer.on('stream', (stream, headers, _flags, raw: string[] = []) => {
    http2Names.push(raw.filter((_text, i) => i % 2 === 0));
    stream.respond({ ':status': 200 });
    stream.end(JSON.stringify(headers));
  });
  await new Promise<void>((resolve) => http2Peer.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  peer.close();
  http2Peer.close();
});

/** Sends one request and gives back what the SDK and the log say of it. */
async function ask(service: ServiceProcess, path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${String(service.ready['url'])}${path}`, { headers });
  const traceId = response.headers.get('x-trace-id')!;
  const of = (message: string): Line[] =>
    service.lines.filter((line) => line.message === message && line.trace_id === traceId);
  await eventually(
    () => of('Request finished').length === 1,
    `its access log line: ${service.stderr}`,
  );
  await eventually(() => of('SDK span').some(({ kind }) => Number(kind) === 1), 'its span');
  return {
    body: (await response.json().catch(() => undefined)) as any,
    finish: of('Request finished')[0]!,
    sdk: of('SDK span'),
    of,
  };
}

describe.each([
  ['no instrumentation', '', 'nestjs-tracing'],
  [
    'those of http and undici',
    'http,undici',
    expect.stringMatching(/instrumentation-(http|undici)/),
  ],
])('an SDK with %s', (_what, instrumentations, scope) => {
  let service: ServiceProcess;

  beforeAll(async () => {
    service = await ServiceProcess.start('test/open-telemetry/messages-service.ts', {
      INSTRUMENTATIONS: instrumentations,
      PEER: `http://127.0.0.1:${(peer.address() as AddressInfo).port}`,
      HTTP2_PEER: `http://127.0.0.1:${(http2Peer.address() as AddressInfo).port}`,
    });
  });
  afterAll(() => service.stop());

  it('has made the span that the log names', async () => {
    const { finish, sdk, of } = await ask(service, '/messages');
    const server = sdk.find(({ kind }) => Number(kind) === 1)!;
    expect(finish.span_id).toBe(server.span_id);
    expect(of('Listing messages')[0]!.span_id).toBe(server.span_id);
    expect(server).toMatchObject({ status: 2, scope });
  });

  it('continues the trace of the caller, once', async () => {
    const { finish, sdk } = await ask(service, '/quick', { traceparent: TRACEPARENT });
    expect(finish).toMatchObject({ trace_id: TRACE_ID, parent_span_id: 'b7ad6b7169203331' });
    expect(sdk).toEqual([
      expect.objectContaining({ trace_id: TRACE_ID, parent_span_id: 'b7ad6b7169203331' }),
    ]);
  });

  it('makes our spans, and its own spans are among the steps', async () => {
    const { finish, sdk } = await ask(service, '/messages');
    const server = sdk.find(({ kind }) => Number(kind) === 1)!;
    const find = sdk.find(({ name }) => String(name) === 'MessagesRepository.find')!;
    const query = sdk.find(({ name }) => String(name) === 'SELECT messages')!;
    expect(find).toMatchObject({
      scope: 'nestjs-tracing',
      parent_span_id: server.span_id,
      status: 2,
      events: ['exception'],
    });
    expect(query['parent_span_id']).toBe(find.span_id);
    const steps = finish['steps'] as Step[];
    expect(steps.map(({ name, depth, failed }) => [name, depth, failed])).toEqual([
      ['MessagesRepository.find', undefined, true],
      ['SELECT messages', 1, true],
    ]);
    expect(steps[1]!.duration_ms).toBeGreaterThanOrEqual(2);
  });

  it('sends one traceparent, that of the client span', async () => {
    const { body, sdk } = await ask(service, '/calls');
    const client = sdk.filter(({ kind }) => Number(kind) === 2);
    const server = sdk.find(({ kind }) => Number(kind) === 1)!;
    expect(client).toEqual([expect.objectContaining({ scope })]);
    expect(client[0]!['parent_span_id']).toBe(server.span_id);
    expect(body['traceparent']).toEqual([
      expect.stringContaining(`-${server.trace_id}-${client[0]!.span_id}-`.replace(/^-/, '')),
    ]);
  });

  it('sends one through `node:http2` too, which no instrumentation of the SDK knows', async () => {
    const { body, sdk } = await ask(service, '/http2-calls');
    const client = sdk.filter(({ kind }) => Number(kind) === 2);
    const server = sdk.find(({ kind }) => Number(kind) === 1)!;
    expect(client).toEqual([
      expect.objectContaining({
        scope: 'nestjs-tracing',
        parent_span_id: server.span_id,
        'url.path': '/headers',
        'http.response.status_code': 200,
      }),
    ]);
    expect(body['traceparent']).toBe(`00-${server.trace_id}-${client[0]!.span_id}-01`);
    expect(http2Names.at(-1)!.filter((name) => name === 'traceparent')).toHaveLength(1);
  });

  it('makes the span of a run, with what happens in it below', async () => {
    service.child.send('nightly');
    const [run] = await service.linesOf('Run finished', 1);
    const of = (name: string) =>
      service.lines.find((line) => line.message === 'SDK span' && line['name'] === name);
    await eventually(() => of('process nightly') !== undefined, 'its span');
    expect(of('process nightly')).toMatchObject({ trace_id: run!.trace_id, span_id: run!.span_id });
    const inside = service.lines.filter(
      (line) => line.message === 'SDK span' && line.trace_id === run!.trace_id,
    );
    expect(inside.map(({ name }) => name)).toEqual([
      'SELECT messages',
      'MessagesRepository.find',
      'process nightly',
    ]);
  });
});
