import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Line } from '../../support/line-sink.js';
import { GraphqlApp, SERVERS } from './graphql-app.js';

const START_MS = 30_000;
const N = 200;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TRACEPARENT = `00-${TRACE_ID}-${SPAN_ID}-01`;
const OTHER_TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const OTHER_TRACEPARENT = `00-${OTHER_TRACE_ID}-00f067aa0ba902b7-01`;

describe.each(SERVERS)('GraphQL over sockets: %s', (server) => {
  let app: GraphqlApp;

  beforeAll(async () => {
    app = await GraphqlApp.start(server);
  }, START_MS);

  describe('a subscription', () => {
    it('has one line and a context of its own, independent of the publisher', async () => {
      const socket = app.connect({ traceparent: TRACEPARENT, 'x-session-id': 'subscriber' });
      const operation = socket.start('subscription Fresh { added { title author { name } } }');
      await app.linesOf('listening', 1);
      for (const title of ['soup', 'secret', 'cake']) {
        await app.ask(`mutation { add(title: "${title}") { title } }`, { 'x-request-id': title });
      }
      await operation.received(2);
      operation.stop();
      const [line, ...others] = await app.messages(1);

      expect(others).toEqual([]);
      expect(line).toMatchObject({
        trace_id: TRACE_ID,
        session_id: 'subscriber',
        transport: app.transport,
        pattern: 'Subscription.added',
        graphql_operation: 'Fresh',
        handler: 'RecipesResolver.added',
        outcome: 'completed',
        parent_span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      const own = app.lines.filter((one) => one.span_id === line!.span_id);
      expect(own.map(({ message }) => message)).toEqual([
        'guard of added',
        'interceptor of added',
        'listening',
        'interceptor after added',
        'filter function of soup',
        'resolve function of soup',
        'guard of author',
        'batch of 1',
        'field of soup',
        'filter function of secret',
        'filter function of cake',
        'resolve function of cake',
        'guard of author',
        'batch of 1',
        'field of cake',
        'Message finished',
      ]);
      expect(new Set(own.map((one) => one.request_id))).toEqual(new Set([line!.request_id]));
      const requests = await app.requests(3);
      expect(requests.map((one) => one.request_id)).toEqual(['soup', 'secret', 'cake']);
      expect(requests.every((one) => one.trace_id !== TRACE_ID)).toBe(true);
    });

    it('ends by itself', async () => {
      const operation = app.connect().start('subscription { three { title } }');
      expect(await operation.ended).toBeUndefined();
      expect(operation.results).toHaveLength(3);
      const [line, ...others] = await app.messages(1);
      expect(others).toEqual([]);
      expect(line).toMatchObject({ pattern: 'Subscription.three', outcome: 'completed' });
      for (const title of ['one', 'two', 'three']) {
        const [one] = await app.linesOf(`yields ${title}`, 1);
        expect(one!.span_id).toBe(line!.span_id);
      }
    });

    it.each(['added', 'blocked'])('is aborted when its client drops: %s', async (field) => {
      const socket = app.connect();
      socket.start(`subscription { ${field} { title } }`);
      await app.linesOf('listening', 1);
      socket.cut();
      const lines = await app.messages(1);
      expect(lines.map((line) => [line['pattern'], line['outcome']])).toEqual([
        [`Subscription.${field}`, 'aborted'],
      ]);
    });

    it('ends when its client has enough, though its stream still waits', async () => {
      const operation = app.connect().start('subscription { blocked { title } }');
      await app.linesOf('listening', 1);
      operation.stop();
      const lines = await app.messages(1);
      expect(lines.map((line) => line['outcome'])).toEqual(['completed']);
    });

    it('fails with a resolver that throws', async () => {
      const operation = app.connect().start('subscription { refused { title } }');
      await operation.ended;
      const lines = await app.messages(1);
      expect(lines.map((line) => [line['pattern'], line['outcome'], line.level])).toEqual([
        ['Subscription.refused', 'errored', 'error'],
      ]);
      const [filter] = await app.linesOf('filter of no subscription', 1);
      expect(filter!.span_id).toBe(lines[0]!.span_id);
    });

    it('has failed when one of its events had errors', async () => {
      const operation = app.connect().start('subscription { added { title author { name } } }');
      await app.linesOf('listening', 1);
      await app.ask('mutation { add(title: "anonymous") { title } }');
      await operation.received(1);
      operation.stop();
      const lines = await app.messages(1);
      expect(lines.map((line) => [line['graphql_errors'], line['outcome']])).toEqual([
        [1, 'errored'],
      ]);
    });

    it('keeps its context in a filter that throws', async () => {
      const operation = app.connect().start('subscription { added { title } }');
      const [listening] = await app.linesOf('listening', 1);
      await app.ask('mutation { add(title: "poison") { title } }');
      // Mercurius ends abandoned streams only with their next event.
      const filters = await app.linesOf('filter function of poison', 1);
      expect(filters.map((line) => line.span_id)).toContain(listening!.span_id);
      // Apollo ends the subscription, Mercurius skips the event.
      operation.stop();
      const lines = await app.messages(1);
      expect(lines.map((line) => line['outcome'])).toEqual([
        server === 'Mercurius' ? 'completed' : 'errored',
      ]);
    });
  });

  it('runs queries and mutations as pieces of work of their own', async () => {
    const socket = app.connect({ 'x-session-id': 'one-session' });
    await socket.ask('query Wait { wait(ms: 3) }');
    await socket.ask('mutation { add(title: "pie") { title author { name } } }');
    const lines = await app.messages(2);
    expect(lines).toMatchObject([
      {
        pattern: 'Query.wait',
        graphql_operation: 'Wait',
        handler: 'RecipesResolver.waitFor',
        outcome: 'completed',
      },
      { pattern: 'Mutation.add', handler: 'RecipesResolver.add', outcome: 'completed' },
    ]);
    expect(new Set(lines.map((line) => line.trace_id)).size).toBe(1);
    expect(new Set(lines.map((line) => line.request_id)).size).toBe(2);
    expect(new Set(lines.map((line) => line.span_id)).size).toBe(2);
    expect(new Set(lines.map((line) => line.session_id))).toEqual(new Set(['one-session']));
    const [waited] = await app.linesOf('waited 3', 1);
    expect(waited!.span_id).toBe(lines[0]!.span_id);
    const [field] = await app.linesOf('field of pie', 1);
    expect(field!.span_id).toBe(lines[1]!.span_id);
  });

  it('fails with a resolver that throws', async () => {
    await app.connect().start('{ fault(kind: "store") }').ended;
    const lines = await app.messages(1);
    expect(lines.map((line) => [line['pattern'], line['outcome'], line.level])).toEqual([
      ['Query.fault', 'errored', 'error'],
    ]);
  });

  it.each([
    ['what is not found', '{ broken }', 'Query.broken'],
    ['what a guard refuses', '{ forbidden }', 'Query.forbidden'],
    ['an unknown field', '{ nope }', undefined],
  ])('has not failed where its client asks for %s', async (_what, query, pattern) => {
    await app.connect().start(query).ended;
    const [line, ...others] = await app.messages(1);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 'warn', outcome: 'completed', graphql_errors: 1 });
    expect(line!['pattern']).toBe(pattern);
    expect(line).not.toHaveProperty('error');
  });

  it('ends with a syntax error', async () => {
    await app.connect().start('{{').ended;
    const lines = await app.messages(1);
    // graphql-ws closes the socket with the code of an internal error.
    expect(lines.map((line) => line['outcome'])).toEqual([
      server === 'Mercurius' ? 'completed' : 'errored',
    ]);
  });

  it('ends a query whose client drops as aborted', async () => {
    const socket = app.connect();
    socket.start('{ wait(ms: 100) }');
    await app.linesOf('interceptor of waitFor', 1);
    socket.cut();
    await app.linesOf('waited 100', 1);
    const lines = await app.messages(1);
    expect(lines.map((line) => line['outcome'])).toEqual(['aborted']);
  });

  describe('the connection', () => {
    interface Ids {
      readonly traceId: string;
      readonly sessionId: string;
      readonly tracestate: string | null;
    }

    const idsOf = async (
      params?: Record<string, unknown>,
      headers?: Record<string, string>,
    ): Promise<Ids & { line: Line }> => {
      app.clear();
      const { data } = await app
        .connect(params, headers)
        .ask('{ ids { traceId sessionId tracestate } }');
      const [line] = await app.messages(1);
      return { ...(data!['ids'] as Ids), line: line! };
    };

    it('takes the headers of the upgrade request', async () => {
      const headers = { traceparent: TRACEPARENT, 'x-session-id': 'from-header' };
      expect(await idsOf(undefined, headers)).toMatchObject({
        traceId: TRACE_ID,
        sessionId: 'from-header',
      });
    });

    it('takes its parameters, which go before the headers', async () => {
      const { line, ...ids } = await idsOf(
        { traceparent: TRACEPARENT, tracestate: 'a=1', 'x-session-id': 'from-params' },
        { traceparent: OTHER_TRACEPARENT, tracestate: 'b=2', 'x-session-id': 'from-header' },
      );
      expect(ids).toEqual({ traceId: TRACE_ID, sessionId: 'from-params', tracestate: 'a=1' });
      // What connected is the parent of the handshake, and that of the operation.
      const handshake = app.lines.find((one) => one['kind'] === 'server');
      expect(handshake).toMatchObject({ parent_span_id: SPAN_ID, span_id: line['parent_span_id'] });
    });

    it('drops a tracestate that belongs to another traceparent', async () => {
      const { tracestate } = await idsOf(
        { traceparent: TRACEPARENT },
        { traceparent: OTHER_TRACEPARENT, tracestate: 'b=2' },
      );
      expect(tracestate).toBeNull();
    });

    it('is in the trace of its upgrade request, when that has an access log line', async () => {
      const socket = app.connect();
      await socket.ask('{ wait(ms: 1) }');
      const [operation] = await app.messages(1);
      await socket.close();
      const upgrades = (): unknown[] =>
        app.lines
          .filter((line) => line.message === 'Request finished')
          .filter((line) => line.trace_id === operation!.trace_id)
          .map((line) => [line['status_code'], line['outcome'], line['pattern']]);
      // Apollo's sockets do not come through the router.
      if (server !== 'Mercurius') return expect(upgrades()).toEqual([]);
      await eventually(() => upgrades().length > 0, 'the line of the upgrade request');
      expect(upgrades()).toEqual([[101, 'completed', undefined]]);
    });

    it('names the trace after a request id, and still gives each operation its own', async () => {
      const { line, traceId } = await idsOf({ 'x-request-id': 'page-17' });
      expect(traceId).toBe('page-17');
      expect(line.request_id).not.toBe('page-17');
    });

    it('has the session of the requests that carry the same token', async () => {
      const authorization = 'Bearer secret-token';
      const { data } = await app.ask('{ ids { sessionId } }', { authorization });
      const { sessionId } = await idsOf({ Authorization: authorization });
      expect(sessionId).toMatch(/^tok_/);
      expect(data!['ids']).toEqual({ sessionId });
      expect(JSON.stringify(app.lines)).not.toContain('secret-token');
    });

    const hostile: [string, unknown][] = [
      ['of wrong types', { a: 1 }],
      ['a number', 17],
      ['a list', ['one', 'two']],
      ['of 100 kB', 'a'.repeat(100_000)],
      ['with control characters', 'a\u0000b\nc\u001b[31m'],
      ['empty', ''],
      ['null', null],
    ];

    it.each(hostile)('ignores parameters that are malformed: %s', async (_what, value) => {
      const names = ['traceparent', 'tracestate', 'baggage', 'x-request-id', 'x-session-id'];
      const params = Object.fromEntries([...names, 'authorization'].map((name) => [name, value]));
      const headers = { traceparent: OTHER_TRACEPARENT };
      const { traceId, line } = await idsOf(params, headers);
      expect(traceId).toBe(OTHER_TRACE_ID);
      expect(line).toMatchObject({ outcome: 'completed' });
      expect(line.session_id).toMatch(/^(?:[0-9a-f-]{36}|tok_[0-9a-f]{16})$/);
    });

    it('ignores __proto__', async () => {
      const params = JSON.parse(
        `{"__proto__": {"traceparent": "${TRACEPARENT}", "x-session-id": "polluted"}}`,
      ) as Record<string, unknown>;
      // Mercurius does not even read such a message.
      if (server === 'Mercurius') return expect(idsOf(params)).rejects.toBeDefined();
      const { traceId, sessionId } = await idsOf(params);
      expect(traceId).not.toBe(TRACE_ID);
      expect(sessionId).not.toBe('polluted');
    });
  });

  it(`keeps ${N} operations on 20 sockets apart`, async () => {
    const sockets = Array.from({ length: 20 }, (_, i) =>
      app.connect({ 'x-request-id': `socket-${i}`, 'x-session-id': `session-${i}` }),
    );
    const subscriptions = sockets.map((socket) =>
      socket.start('subscription { added { title author { name } } }'),
    );
    await app.linesOf('listening', sockets.length);
    const ask = async (i: number): Promise<void> => {
      await sleep(i % 17);
      const socket = sockets[i % sockets.length]!;
      const query = `{ recipes(count: 2) { author { name } } wait(ms: ${i}) ids { traceId } }`;
      const { data } = await socket.ask(query);
      expect(data!['ids']).toEqual({ traceId: `socket-${i % sockets.length}` });
      if (i % 40 === 0) await app.ask(`mutation { add(title: "m${i}") { title } }`);
    };
    await Promise.all(Array.from({ length: N }, (_, i) => ask(i)));
    for (const subscription of subscriptions) {
      await subscription.received(N / 40);
      subscription.stop();
    }
    const lines = await app.messages(N + sockets.length);

    expect(lines).toHaveLength(N + sockets.length);
    expect(new Set(lines.map((line) => line.request_id)).size).toBe(lines.length);
    const written = app.lines;
    for (const line of lines) {
      const own = written.filter((one) => one.span_id === line.span_id);
      const session = line.trace_id.replace('socket', 'session');
      expect(
        new Set(own.map((one) => `${one.trace_id} ${one.session_id} ${one.request_id}`)),
      ).toEqual(new Set([`${line.trace_id} ${session} ${line.request_id}`]));
      const count = (start: string): number =>
        own.filter(({ message }) => message.startsWith(start)).length;
      const isSubscription = line['pattern'] === 'Subscription.added';
      expect(count('waited')).toBe(isSubscription ? 0 : 1);
      expect(count('field of')).toBe(isSubscription ? N / 40 : 2);
      expect(count('guard of author')).toBe(isSubscription ? N / 40 : 2);
      expect(count('resolve function')).toBe(isSubscription ? N / 40 : 0);
    }
  }, 20_000);
});
