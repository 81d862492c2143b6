import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  Server as GrpcServer,
  ServerCredentials,
  type MetadataValue,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ClientProxyFactory, Transport, type ClientGrpcProxy } from '@nestjs/microservices';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { firstValueFrom, type Observable } from 'rxjs';
import * as undici from 'undici';
import { undoPatches } from '../../src/instrumentation/patch.js';
import { callingApp, REQUEST_ID, SESSION_ID, TRACE_ID } from './calling-app.js';
import { resolveExampleHere, UNTRUSTED } from './local-server.js';

resolveExampleHere();

const [major] = process.versions.node.split('.').map(Number) as [number];
/** Headers as a list came with Node 22 and 24; the types are those of Node 20. */
const HEADER_LISTS =
  major >= 24 ? [[':path', '/z', 'x-own', '1'] as unknown as http2.OutgoingHttpHeaders] : [];
const tls = { key: '', cert: '' };
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-tracing-http2-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-nodes', '-days', '2', '-newkey', 'rsa:2048'];
  execFileSync('openssl', ['req', '-x509', ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  tls.key = readFileSync(key, 'utf8');
  tls.cert = readFileSync(cert, 'utf8');
  rmSync(folder, { recursive: true });
});

interface Received {
  readonly headers: http2.IncomingHttpHeaders;
  readonly raw: readonly string[];
}

interface Server {
  readonly port: number;
  readonly url: string;
  readonly received: Received[];
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  resolveExampleHere();
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Answers `/status/<status>` with that, `/reset` by breaking the stream off, all else with `ok`. */
async function serve({ isSecure = false } = {}): Promise<Server> {
  const server = isSecure
    ? http2.createSecureServer({ ...tls, allowHTTP1: true })
    : http2.createServer();
  const received: Received[] = [];
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  const answer = (
    stream: http2.ServerHttp2Stream,
    headers: http2.IncomingHttpHeaders,
    _flags: number,
    raw: string[] = [],
  ): void => {
    received.push({ headers, raw });
    stream.on('error', () => {});
    const [, what, status] = headers[':path']!.split('/');
    if (what === 'reset') stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    else if (what === 'cut') {
      stream.respond({ ':status': 200 });
      stream.write('half', () => stream.destroy(new Error('cut')));
    } else {
      stream.respond({
        ':status': what === 'status' ? Number(status) : 200,
        'x-trace-id': 'theirs',
      });
      stream.end('ok');
    }
  };
  (server as http2.Http2Server).on('stream', answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `${isSecure ? 'https' : 'http'}://localhost:${port}`, received };
}

type ConnectOptions = http2.ClientSessionOptions | http2.SecureClientSessionOptions;

function connect(url: string, options: ConnectOptions = {}): http2.ClientHttp2Session {
  const session = http2.connect(url, options);
  session.on('error', () => {});
  closing.push(() => session.destroy());
  return session;
}

async function answerOf(stream: http2.ClientHttp2Stream): Promise<string> {
  let body = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  stream.on('error', () => {});
  stream.end();
  if (!stream.closed) await once(stream, 'close').catch(() => {});
  return body;
}

const parentOf = ({ headers }: Received): string => String(headers['traceparent']).split('-')[2]!;
const timesOf = ({ raw }: Received, name: string): number =>
  raw.filter((item, i) => i % 2 === 0 && item === name).length;

describe('a call through node:http2', () => {
  it.each([false, true])('carries the trace and is a span (TLS: %s)', async (isSecure) => {
    const { run, ended } = await callingApp();
    const { url, port, received } = await serve({ isSecure });
    const session = connect(url, { rejectUnauthorized: false });
    const given = { ':path': '/x?secret=1', 'X-Own': ['a', 'b'] };
    const body = await run(() => answerOf(session.request(given)));
    const [span] = await ended(1);
    expect(body).toBe('ok');
    expect(given).toEqual({ ':path': '/x?secret=1', 'X-Own': ['a', 'b'] });
    expect(received[0]!.headers).toMatchObject({
      traceparent: `00-${TRACE_ID}-${span!.spanId}-01`,
      tracestate: 'vendor=state',
      'x-request-id': REQUEST_ID,
      'x-session-id': SESSION_ID,
      'x-own': 'a, b',
    });
    expect(timesOf(received[0]!, 'traceparent')).toBe(1);
    expect(span).toMatchObject({
      name: `GET localhost:${port}/x`,
      kind: 'client',
      attributes: {
        'http.request.method': 'GET',
        'server.address': 'localhost',
        'server.port': port,
        'url.path': '/x',
        'http.response.status_code': 200,
      },
    });
  });

  it('carries it whichever form the headers have, before and after the connection', async () => {
    const { run, ended } = await callingApp();
    const { url, received } = await serve();
    const session = connect(url);
    const forms = [undefined, {}, { ':path': '/y' }, ...HEADER_LISTS];
    await run(() => Promise.all(forms.map((form) => answerOf(session.request(form)))));
    await run(() => Promise.all(forms.map((form) => answerOf(session.request(form)))));
    const spans = await ended(forms.length * 2);
    expect(new Set(received.map(parentOf))).toEqual(new Set(spans.map((s) => s.spanId)));
    expect(new Set(received.map(parentOf)).size).toBe(forms.length * 2);
    for (const { headers } of received) expect(headers['x-request-id']).toBe(REQUEST_ID);
  });

  it('keeps what is marked as sensitive, and each header that the caller has set', async () => {
    const { run, ended } = await callingApp();
    const { url, received } = await serve();
    const session = connect(url);
    const own = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
    await run(() =>
      answerOf(
        session.request({
          Traceparent: own,
          'X-Request-ID': 'mine',
          authorization: 'Basic x',
          [http2.sensitiveHeaders]: ['authorization'],
        }),
      ),
    );
    await ended(1);
    const { headers } = received[0]!;
    expect(headers).toMatchObject({ traceparent: own, 'x-request-id': 'mine' });
    expect(headers['x-session-id']).toBe(SESSION_ID);
    expect(headers['tracestate']).toBeUndefined();
    expect(Reflect.get(headers, http2.sensitiveHeaders)).toContain('authorization');
  });

  it('gives no ids to a host that is not trusted, nor to one that another name leads to', async () => {
    const { run, ended } = await callingApp();
    const { port, received } = await serve();
    const elsewhere = () => net.connect(port, 'elsewhere.example');
    const calls: [string, ConnectOptions, http2.OutgoingHttpHeaders][] = [
      [`http://${UNTRUSTED}:${port}`, {}, {}],
      [`http://localhost:${port}`, {}, { ':authority': 'other.example' }],
      [`http://localhost:${port}`, { createConnection: elsewhere }, {}],
    ];
    for (const [url, options, headers] of calls) {
      const session = connect(url, options);
      await run(() => answerOf(session.request(headers)));
    }
    await ended(3);
    for (const { headers } of received) {
      expect(headers['traceparent']).toContain(TRACE_ID);
      expect(headers['x-request-id']).toBeUndefined();
      expect(headers['x-session-id']).toBeUndefined();
    }
  });

  it('gives them to hosts of `outgoing.trusted`, and to a loopback address at once', async () => {
    const { run } = await callingApp({ outgoing: { trusted: [UNTRUSTED] } });
    const { port, received } = await serve();
    await run(() => answerOf(connect(`http://${UNTRUSTED}:${port}`).request({})));
    await run(() => answerOf(connect(`http://127.0.0.1:${port}`).request({})));
    expect(received.map(({ headers }) => headers['x-request-id'])).toEqual([
      REQUEST_ID,
      REQUEST_ID,
    ]);
  });

  it('fails its span with the status, the reset, and a connection that is refused', async () => {
    const { run, ended } = await callingApp();
    const { url } = await serve();
    const session = connect(url);
    await run(() => answerOf(session.request({ ':path': '/status/503' })));
    await run(() => answerOf(session.request({ ':path': '/reset' })));
    await run(() => answerOf(session.request({ ':path': '/cut' })));
    await run(() => answerOf(connect('http://127.0.0.1:1').request({})));
    const spans = await ended(4);
    expect(
      spans.map(({ failed, attributes, error }) => [
        failed,
        attributes?.['http.response.status_code'],
        (error as NodeJS.ErrnoException | undefined)?.code,
      ]),
    ).toEqual([
      [true, 503, undefined],
      [true, undefined, 'ERR_HTTP2_STREAM_ERROR'],
      [true, 200, 'ERR_HTTP2_STREAM_ERROR'],
      [true, undefined, 'ERR_HTTP2_STREAM_CANCEL'],
    ]);
  });

  it('throws what Node throws, for headers and sessions that it refuses', async () => {
    const { run, ended } = await callingApp();
    const { url } = await serve();
    const session = connect(url);
    for (const wrong of [1, null, 'text'] as never[]) {
      expect(() => run(() => session.request(wrong))).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }) as never,
      );
    }
    const header = { ':unknown': '1' };
    expect(() => run(() => session.request(header))).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP2_INVALID_PSEUDOHEADER' }) as never,
    );
    expect((await ended(1))[0]!.failed).toBe(true);
  });

  it.each(['a\u0000b', 'a\r\nx-own: 1', 'caf\u00e9', 'a\u20acb'])(
    'leaves out an id that no header may have: %j',
    async (id) => {
      const ids = { generate: () => id, validate: () => true };
      const { trace, ended } = await callingApp({ requestId: ids, session: ids });
      const { url, received } = await serve();
      const session = connect(url);
      const forms = [undefined, { ':path': '/y' }, ...HEADER_LISTS];
      for (const form of forms) {
        await trace.run({}, async () => {
          expect(trace.requestId).toBe(id);
          expect(await answerOf(session.request(form))).toBe('ok');
        });
      }
      const spans = await ended(forms.length);
      expect(received.map(parentOf)).toEqual(spans.map(({ spanId }) => spanId));
      for (const { headers } of received) {
        expect(headers).not.toHaveProperty('x-request-id');
        expect(headers).not.toHaveProperty('x-session-id');
      }
    },
  );

  it('is not touched outside a trace, with `outgoing: false`, and after the last application', async () => {
    const { url, received } = await serve();
    const { run, spans } = await callingApp({ outgoing: false });
    const session = connect(url);
    await answerOf(session.request({}));
    await run(() => answerOf(session.request({})));
    expect(spans).toEqual([]);
    undoPatches();
    expect(Object.hasOwn(http2.connect, Symbol.for('nodejs.util.promisify.custom'))).toBe(true);
    await answerOf(session.request({}));
    for (const { headers } of received) expect(headers['traceparent']).toBeUndefined();
  });

  it('carries it on a session that `util.promisify` has connected', async () => {
    const { run, ended } = await callingApp();
    const { url, received } = await serve();
    connect(url);
    const session = (await promisify(http2.connect)(url)) as http2.ClientHttp2Session;
    closing.push(() => session.destroy());
    await run(() => answerOf(session.request({})));
    const [span] = await ended(1);
    expect(parentOf(received[0]!)).toBe(span!.spanId);
    expect(received[0]!.headers['x-request-id']).toBe(REQUEST_ID);
  });

  it('belongs to the request that makes it: 100 at the same time on one session', async () => {
    const { trace, ended } = await callingApp();
    const { url, received } = await serve();
    const session = connect(url);
    await Promise.all(
      Array.from({ length: 100 }, async (_, i) =>
        trace.run({ requestId: `req-${i}` }, async () => {
          await sleep((i * 7) % 13);
          await answerOf(session.request({ ':path': `/${i}` }));
        }),
      ),
    );
    await ended(100);
    expect(received).toHaveLength(100);
    for (const { headers } of received) {
      expect(headers['x-request-id']).toBe(`req-${headers[':path']!.slice(1)}`);
    }
  });

  it('is one span, and has one `traceparent`, where undici sends it over HTTP/2', async () => {
    const { run, ended, spans } = await callingApp();
    const { url, received } = await serve({ isSecure: true });
    const dispatcher = new undici.Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
    await run(async () => (await undici.fetch(`${url}/u`, { dispatcher })).text());
    await ended(1);
    // A second one would have ended by now.
    await dispatcher.close();
    expect(spans).toHaveLength(1);
    expect(received).toHaveLength(1);
    expect(timesOf(received[0]!, 'traceparent')).toBe(1);
    expect(parentOf(received[0]!)).toBe(spans[0]!.spanId);
  });

  describe('beside gRPC', () => {
    interface PaymentService {
      charge(payment: object, metadata?: Metadata): Observable<{ user: string }>;
    }
    const proto = {
      package: 'payments',
      protoPath: 'test/instrumentation/microservices/payments.proto',
    };

    /** A server of @grpc/grpc-js, and a client of NestJS and one without it. */
    async function grpc() {
      const definition = loadPackageDefinition(loadSync(proto.protoPath));
      const { PaymentService: Client } = definition['payments'] as unknown as {
        PaymentService: ServiceClientConstructor;
      };
      const received: MetadataValue[][] = [];
      const server = new GrpcServer();
      server.addService(Client.service, {
        Charge: (
          { metadata, request }: ServerUnaryCall<{ user: string }, object>,
          answer: sendUnaryData<object>,
        ) => {
          received.push(metadata.get('traceparent'));
          answer(null, { user: request.user });
        },
      });
      const port = await promisify(server.bindAsync.bind(server))(
        '127.0.0.1:0',
        ServerCredentials.createInsecure(),
      );
      const url = `localhost:${port}`;
      const proxy = ClientProxyFactory.create({
        transport: Transport.GRPC,
        options: { ...proto, url },
      }) as unknown as ClientGrpcProxy;
      const plain = new Client(url, credentials.createInsecure());
      closing.push(() => {
        server.forceShutdown();
        proxy.close();
        plain.close();
      });
      const charge = promisify(plain['Charge']!.bind(plain)) as (
        payment: object,
        metadata: Metadata,
      ) => Promise<unknown>;
      return { service: proxy.getService<PaymentService>('PaymentService'), charge, received };
    }

    it('is one span with one `traceparent` for each call of a client of NestJS', async () => {
      const { run, ended, spans } = await callingApp();
      const { service, received } = await grpc();
      const { url, received: others } = await serve();
      const session = connect(url);
      for (const user of ['first', 'second']) {
        await run(async () => {
          expect(await firstValueFrom(service.charge({ user }))).toEqual({ user });
          await answerOf(session.request({}));
        });
      }
      await ended(4);
      // More than these would have ended by now.
      session.close();
      await once(session, 'close');
      expect(spans.map(({ kind, attributes }) => [kind, attributes?.['rpc.system']])).toEqual([
        ['client', 'grpc'],
        ['client', undefined],
        ['client', 'grpc'],
        ['client', undefined],
      ]);
      expect(received).toEqual(
        [spans[0]!, spans[2]!].map(({ spanId }) => [`00-${TRACE_ID}-${spanId}-01`]),
      );
      expect(others.map(parentOf)).toEqual([spans[1]!.spanId, spans[3]!.spanId]);
    });

    it('leaves the calls of a client without NestJS as they are', async () => {
      const { run, spans } = await callingApp();
      const { charge, received } = await grpc();
      const metadata = new Metadata();
      await run(() => charge({ user: 'Ada' }, metadata));
      metadata.set('traceparent', `00-${TRACE_ID}-${'c'.repeat(16)}-01`);
      await run(() => charge({ user: 'Ada' }, metadata));
      expect(received).toEqual([[], [`00-${TRACE_ID}-${'c'.repeat(16)}-01`]]);
      expect(spans).toEqual([]);
    });
  });
});
