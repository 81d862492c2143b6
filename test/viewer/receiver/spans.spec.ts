import { describe, expect, it } from '@jest/globals';
import {
  attributes,
  ENCODINGS,
  inner,
  PARENT_ID,
  readSpan,
  readSpans,
  span,
  SPAN_ID,
  START_MS,
  TRACE_ID,
} from './otlp-bodies.js';

const [INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER] = [1, 2, 3, 4, 5];
const ERROR = { code: 2 };
const ofService = (name: string) => ({
  resource: { attributes: attributes({ 'service.name': name }) },
});

describe.each(ENCODINGS)('a span in %s', (encoding) => {
  const read = async (kind: number, values: Record<string, unknown>, fields: object = {}) =>
    readSpan(encoding, inner({ kind, attributes: attributes(values), ...fields }));

  it('is read with its ids and times', async () => {
    expect(await readSpan(encoding, inner(), ofService('shop'))).toEqual({
      type: 'span',
      service: 'shop',
      w3cTraceId: TRACE_ID,
      spanId: SPAN_ID,
      parentSpanId: PARENT_ID,
      name: 'name',
      kind: 'internal',
      startedAt: START_MS,
      duration_ms: 12,
    });
  });

  it('has the same record when it is sent again, so that it replaces itself', async () => {
    const twice = span({ kind: SERVER });
    const [first, second] = await readSpans(encoding, [twice, twice], ofService('a/b'));
    expect(first).toEqual(second);
    expect(first).toMatchObject({ key: `a/b/${TRACE_ID}/${SPAN_ID}` });
  });

  it('has a key of its own for each service, trace and span', async () => {
    const records = [
      await readSpan(encoding, span(), ofService('a')),
      await readSpan(encoding, span(), ofService('b')),
      await readSpan(encoding, span({ traceId: 'c'.repeat(32) }), ofService('a')),
      await readSpan(encoding, span({ spanId: 'd'.repeat(16) }), ofService('a')),
    ];
    expect(new Set(records.map((one) => (one as { key: string }).key)).size).toBe(4);
  });

  it.each([{}, { resource: {} }, ofService('')])(
    'of %j is of an unknown service',
    async (sender) => {
      expect(await readSpan(encoding, span(), sender)).toMatchObject({
        service: 'unknown_service',
      });
    },
  );

  it.each([
    [INTERNAL, 'internal'],
    [0, 'internal'],
    [77, 'internal'],
    [CLIENT, 'client'],
    [PRODUCER, 'producer'],
  ])('of kind %i is an operation: %s', async (kind, expected) => {
    expect(await read(kind, {})).toMatchObject({ type: 'span', kind: expected });
  });

  it.each([
    [SERVER, { 'http.request.method': 'GET' }, 'request'],
    [SERVER, { 'http.method': 'GET' }, 'request'],
    [SERVER, { 'rpc.system': 'grpc' }, 'message'],
    [SERVER, {}, 'message'],
    [CONSUMER, { 'messaging.system': 'kafka' }, 'message'],
    [CONSUMER, { 'messaging.system': 'bullmq' }, 'job'],
    [CONSUMER, { 'http.request.method': 'GET' }, 'message'],
  ])('of kind %i with %j is a %s, parent or not', async (kind, values, expected) => {
    const parts = { type: 'request', kind: expected };
    expect(await read(kind, values)).toMatchObject({ ...parts, parentSpanId: PARENT_ID });
    expect(await read(kind, values, { parentSpanId: '' })).toMatchObject(parts);
  });

  it.each([
    [INTERNAL, { 'messaging.system': 'cron' }, 'nightly', { transport: 'cron', job: 'nightly' }],
    [INTERNAL, {}, 'main', { job: 'main' }],
    [INTERNAL, { 'nestjs.job.name': 'nightly' }, 'process nightly', { job: 'nightly' }],
    [INTERNAL, {}, 'process', { job: undefined }],
    [PRODUCER, { 'messaging.destination.name': 'q' }, 'publish q', { job: 'publish q' }],
    [CLIENT, { 'http.method': 'GET', 'http.url': 'http://a/b?c' }, 'GET', { job: 'GET a/b' }],
  ])('of kind %i with %j named "%s" is a run when it has no parent', async (...one) => {
    const [kind, values, name, expected] = one;
    const record = await read(kind, values, { name, parentSpanId: '' });
    expect(record).toMatchObject({ type: 'request', kind: 'run', outcome: 'completed' });
    expect(record).toMatchObject(expected);
    expect(record).not.toHaveProperty('method');
  });

  it.each(['', '0000000000000000', '00f067aa0ba902', '00f067aa0ba902b7b7'])(
    'with the parent "%s" has none',
    async (parentSpanId) => {
      const record = await readSpan(encoding, span({ parentSpanId }));
      expect(record).toMatchObject({ type: 'request', spanId: SPAN_ID });
      expect(record).toHaveProperty('parentSpanId', undefined);
    },
  );

  it.each([
    { traceId: '' },
    { traceId: '0'.repeat(32) },
    { traceId: TRACE_ID.slice(2) },
    { traceId: `${TRACE_ID}00` },
    { spanId: '' },
    { spanId: '0'.repeat(16) },
    { spanId: SPAN_ID.slice(2) },
    { spanId: `${SPAN_ID}00` },
    { startTimeUnixNano: '0' },
    { startTimeUnixNano: undefined },
  ])('with %j is left out, and only that one', async (fields) => {
    const records = await readSpans(encoding, [span(fields), span({ name: 'good' })]);
    expect(records).toHaveLength(1);
    expect(records).toMatchObject([{ job: 'good' }]);
  });

  describe('of HTTP', () => {
    it.each([
      [
        {
          'http.request.method': 'PUT',
          'url.path': '/a/7',
          'url.query': 'token=secret',
          'http.route': '/a/:id',
          'http.response.status_code': 404,
        },
      ],
      [
        {
          'http.method': 'PUT',
          'http.target': '/a/7?token=secret#secret',
          'http.route': '/a/:id',
          'http.status_code': 404,
        },
      ],
      [
        {
          'http.method': 'PUT',
          'http.url': 'https://me:secret@shop.example:8443/a/7?token=secret',
          'http.route': '/a/:id',
          'http.status_code': 404,
        },
      ],
      [
        {
          'http.request.method': 'PUT',
          'http.method': 'GET',
          'url.full': 'https://shop.example/a/7#secret',
          'http.route': '/a/:id',
          'http.response.status_code': 404,
          'http.status_code': 200,
        },
      ],
    ])('is read by either convention: %j', async (values) => {
      const record = await read(SERVER, values);
      expect(record).toMatchObject({
        method: 'PUT',
        path: '/a/7',
        route: '/a/:id',
        status_code: 404,
        outcome: 'completed',
      });
      expect(JSON.stringify(record)).not.toContain('secret');
    });

    it.each([
      ['http://host', '/'],
      ['http://host?a=b', '/'],
      ['//not/a/host', '//not/a/host'],
      ['*', '*'],
      ['/a@b', '/a@b'],
    ])('has of "%s" the path "%s"', async (target, path) => {
      expect(await read(SERVER, { 'http.method': '_OTHER', 'http.target': target })).toMatchObject({
        method: '_OTHER',
        path,
      });
    });

    it.each([
      [{ 'http.status_code': 499 }, {}, 'completed'],
      [{ 'http.status_code': 500 }, {}, 'errored'],
      [{ 'http.status_code': 200 }, { status: ERROR }, 'errored'],
      [{ 'http.status_code': 200 }, { status: { code: 1 } }, 'completed'],
      [{ 'error.type': 'aborted' }, {}, 'aborted'],
      [{ 'error.type': 'aborted' }, { status: ERROR }, 'errored'],
      [{ 'error.type': 'timeout' }, {}, 'completed'],
    ])('with %j and %j was %s', async (values, fields, outcome) => {
      const record = await read(SERVER, { 'http.method': 'GET', ...values }, fields);
      expect(record).toMatchObject({ outcome });
    });

    it.each(['200', -1, 0.5 / 0, true])('has no status of %j', async (status) => {
      const values = { 'http.method': 'GET', 'http.status_code': status };
      expect(await read(SERVER, values)).toHaveProperty('status_code', undefined);
    });

    it.each([
      [{ 'http.request.method': 'GET', 'url.full': 'http://u:p@a:80/b?c#d' }, 'GET', 'GET a:80/b'],
      [{ 'http.method': 'GET', 'http.url': 'http://a/b' }, 'HTTP GET', 'GET a/b'],
      [
        { 'http.method': 'GET', 'net.peer.name': 'a', 'net.peer.port': 81, 'http.target': '/b?c' },
        'GET',
        'GET a:81/b',
      ],
      [
        {
          'http.request.method': 'GET',
          'server.address': '::1',
          'server.port': 443,
          'url.path': '/b',
        },
        'GET',
        'GET [::1]/b',
      ],
      [{ 'http.request.method': 'GET', 'url.full': 'http://a/b' }, 'GET /{id}', 'GET /{id}'],
      [{ 'http.request.method': 'GET' }, 'GET', 'GET'],
    ])('that goes out with %j and is named "%s" is shown as "%s"', async (values, name, shown) => {
      expect(await read(CLIENT, values, { name })).toMatchObject({ type: 'span', name: shown });
    });
  });

  describe('of messages and calls', () => {
    it.each([
      [
        { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' },
        { pattern: 'orders' },
      ],
      [{ 'messaging.system': 'kafka', 'messaging.destination': 'orders' }, { pattern: 'orders' }],
      [{ 'messaging.system': 'rabbitmq' }, { transport: 'rabbitmq', pattern: 'name' }],
      [
        { 'rpc.system': 'grpc', 'rpc.method': 'Get' },
        { transport: 'grpc', pattern: 'Get' },
      ],
      [{ 'rpc.service': 'a.B', 'rpc.method': 'Get' }, { pattern: 'a.B/Get' }],
      [
        { 'rpc.system.name': 'grpc', 'rpc.method': 'a.B/Get' },
        { transport: 'grpc', pattern: 'a.B/Get' },
      ],
      [{ 'rpc.service': 'a.B', 'rpc.method': 'a.B/Get' }, { pattern: 'a.B/Get' }],
      [
        { 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'find' },
        { mcp_method: 'tools/call', mcp_tool: 'find', transport: 'mcp', pattern: undefined },
      ],
    ])('is read from %j', async (values, expected) => {
      expect(await read(SERVER, values)).toMatchObject({ kind: 'message', ...expected });
    });

    it('has a queue when it is a job', async () => {
      const values = { 'messaging.system': 'bullmq', 'messaging.destination.name': 'mails' };
      const job = { 'nestjs.job.name': 'welcome', 'nestjs.job.attempt': 2 };
      expect(await read(CONSUMER, { ...values, ...job })).toMatchObject({
        kind: 'job',
        queue: 'mails',
        job: 'welcome',
        attempt: 2,
      });
      expect(await read(CONSUMER, values)).toMatchObject({ queue: 'mails' });
      expect(await read(CONSUMER, values)).not.toHaveProperty('pattern');
    });
  });

  it('has the ids that are valid', async () => {
    const ids = { 'request.id': 'r-1', 'session.id': `s'; rm -rf ~` };
    expect(await read(SERVER, ids)).toMatchObject({ requestId: 'r-1', sessionId: undefined });
    expect(await read(SERVER, { 'request.id': 7, session_id: 's-1' })).toMatchObject({
      requestId: undefined,
      sessionId: 's-1',
    });
  });

  it('names its handler, how long that took, and the operation of GraphQL', async () => {
    const values = {
      'http.request.method': 'POST',
      'code.function.name': 'Orders.create',
      'nestjs.handler.duration_ms': 1.25,
      'graphql.operation.name': 'PlaceOrder',
    };
    expect(await read(SERVER, values)).toMatchObject({
      handler: 'Orders.create',
      handler_ms: 1.25,
      graphql_operation: 'PlaceOrder',
    });
  });

  it('is a request when our own exporter says so, and not when others say the same', async () => {
    const run = inner({ attributes: attributes({ 'request.id': 'r-1' }) });
    expect(await readSpan(encoding, run, { scope: 'nestjs-tracing' })).toMatchObject({
      kind: 'run',
    });
    expect(await readSpan(encoding, run, { scope: 'other' })).toMatchObject({ type: 'span' });
  });

  describe('that failed', () => {
    const event = (values: object, name = 'exception') => ({
      timeUnixNano: '1',
      name,
      attributes: attributes(values as Record<string, unknown>),
    });
    const [type, message] = [{ 'exception.type': 'E' }, { 'exception.message': 'bad' }];

    it.each([
      [[event({ ...type, ...message, 'exception.stacktrace': 'E: bad\n at x' })], 'E: bad\n at x'],
      [[event({ ...type, ...message, 'exception.stacktrace': 'main.go:7' })], 'E: bad\nmain.go:7'],
      [[event({ ...type, 'exception.stacktrace': 'main.go:7' })], 'main.go:7'],
      [[event({ ...type, ...message })], 'E: bad'],
      [[event(message)], 'bad'],
      [[event(type)], 'E'],
      [[event(message), event({ 'exception.message': 'worse' }), event({}, 'retry')], 'worse'],
      [[event({})], 'why'],
      [[event(message, 'retry')], 'why'],
      [[], 'why'],
    ])('shows %j as %j', async (events, error) => {
      const status = { ...ERROR, message: 'why' };
      expect(await read(INTERNAL, {}, { events, status })).toMatchObject({ failed: true, error });
    });

    it('is shown of a request too', async () => {
      const failed = await read(
        SERVER,
        {},
        { events: [event({ ...type, ...message })], status: ERROR },
      );
      expect(failed).toMatchObject({ type: 'request', outcome: 'errored', error: 'E: bad' });
    });

    it('need not have a message, and may have an exception that was caught', async () => {
      const failed = await read(INTERNAL, {}, { status: ERROR });
      expect(failed).toMatchObject({ failed: true, error: undefined });
      const fine = await read(INTERNAL, {}, { status: { code: 1, message: 'm' } });
      expect(fine).toMatchObject({ failed: undefined, error: undefined });
      const caught = await read(
        INTERNAL,
        {},
        { events: [event(message)], status: { message: 'm' } },
      );
      expect(caught).toMatchObject({ failed: undefined, error: 'bad' });
    });
  });

  it('has attributes that are simple, without what repeats or may be secret', async () => {
    const shown = {
      text: 'a',
      yes: true,
      no: false,
      whole: -7,
      half: 0.5,
      'db.query.text': 'SELECT a FROM b',
      'http.request.body.size': 7,
      'url.path': '/a',
    };
    const record = await read(CLIENT, {
      ...shown,
      huge: 9_007_199_254_740_993n,
      nan: NaN,
      list: [1, 'a', [true, null]],
      record: { a: { b: 1 } },
      bytes: Buffer.from('bytes'),
      nothing: null,
      'url.full': 'https://u:secret@a/b?secret#secret',
      'http.url': '/a?secret',
      'http.request.header.authorization': ['secret'],
      'http.response.header.set-cookie': ['secret'],
      'http.request.headers': 'secret',
      'http.request.body': 'secret',
      'http.response.body.text': 'secret',
      'rpc.request.body': 'secret',
      'rpc.grpc.request.metadata.authorization': ['secret'],
      'rpc.response.metadata.token': ['secret'],
      'messaging.header.token': ['secret'],
      'db.connection_string': 'secret',
      'db.query.parameter.0': 'secret',
      'url.query': 'secret',
      'exception.message': 'secret',
      'user_agent.original': 'secret',
    });
    expect((record as { attributes: unknown }).attributes).toEqual({
      ...shown,
      huge: '9007199254740993',
      nan: 'NaN',
      list: '[1,"a",[true,null]]',
      record: '{"a":{"b":1}}',
      bytes: 'Ynl0ZXM=',
      'url.full': 'https://a/b',
      'http.url': '/a',
    });
  });

  it.each([
    ['1700000000123456789', '1700000000023456789', 0],
    ['1700000000123456789', '0', 0],
    ['1700000000123456789', '1700000000123456789', 0],
    ['1700000000123456789', '1700000000123458289', 0.002],
    ['1', '18446744073709551615', 18_446_744_073_709.55],
  ])('from %s to %s took %d ms', async (startTimeUnixNano, endTimeUnixNano, durationMs) => {
    const record = await readSpan(encoding, inner({ startTimeUnixNano, endTimeUnixNano }));
    expect((record as { duration_ms: number }).duration_ms).toBeCloseTo(durationMs, 2);
  });
});
