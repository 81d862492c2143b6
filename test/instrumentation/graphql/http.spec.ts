import { beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { GraphqlApp, SERVERS } from './graphql-app.js';

const START_MS = 30_000;
const N = 200;

describe.each(SERVERS)('GraphQL over HTTP: %s', (server) => {
  let app: GraphqlApp;

  beforeAll(async () => {
    app = await GraphqlApp.start(server);
  }, START_MS);

  it('shows one context to all that an operation runs through', async () => {
    const query = 'query Menu { recipes(count: 3) { title author { name } } }';
    const { data } = await app.ask(query, { 'x-request-id': 'menu-1', 'x-session-id': 's-1' });
    expect(data!['recipes']).toHaveLength(3);

    const [line, ...others] = await app.requests(1);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      request_id: 'menu-1',
      trace_id: 'menu-1',
      session_id: 's-1',
      pattern: 'Query.recipes',
      graphql_operation: 'Menu',
      handler: 'RecipesResolver.recipes',
      status_code: 200,
      outcome: 'completed',
      handler_ms: expect.any(Number),
    });
    expect(line).not.toHaveProperty('graphql_errors');
    expect(app.lines.map(({ message }) => message).toSorted()).toEqual(
      [
        'Request finished',
        'batch of 3',
        ...['r0', 'r1', 'r2'].map((title) => `field of ${title}`),
        ...Array<string>(3).fill('guard of author'),
        'guard of recipes',
        'interceptor after recipes',
        'interceptor of recipes',
        'pipe',
        'resolver',
      ].toSorted(),
    );
    const contexts = app.lines.map((one) => `${one.trace_id} ${one.request_id} ${one.span_id}`);
    expect(new Set(contexts)).toEqual(new Set([`menu-1 menu-1 ${line!.span_id}`]));
  });

  it('gives the ids to the parameters of resolvers', async () => {
    const query = '{ ids { traceId requestId sessionId } }';
    const { data } = await app.ask(query, { 'x-request-id': 'r-7', 'x-session-id': 's-7' });
    expect(data!['ids']).toEqual({ traceId: 'r-7', requestId: 'r-7', sessionId: 's-7' });
    await app.requests(1);
  });

  it('measures fields that are resolved side by side to the end of the last', async () => {
    await app.ask('{ recipes(count: 1) { title } slow: wait(ms: 60) quick: wait(ms: 1) }');
    const [line] = await app.requests(1);
    expect(line).toMatchObject({ pattern: 'Query.recipes', handler: 'RecipesResolver.recipes' });
    expect(line!['handler_ms']).toBeGreaterThan(55);
  });

  it('counts the errors of a response with the status 200', async () => {
    const { errors } = await app.ask('query Broken { a: broken b: broken wait(ms: 1) }');
    expect(errors).toHaveLength(2);
    const [line, ...others] = await app.requests(1);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      pattern: 'Query.broken',
      graphql_operation: 'Broken',
      graphql_errors: 2,
      handler: 'RecipesResolver.broken',
      status_code: 200,
      outcome: 'completed',
    });
    const filters = await app.linesOf('filter of no such recipe', 2);
    expect(filters.map((one) => one.span_id)).toEqual([line!.span_id, line!.span_id]);
  });

  it('knows what a guard has refused', async () => {
    await app.ask('{ forbidden }');
    const [line] = await app.requests(1);
    expect(line).toMatchObject({
      pattern: 'Query.forbidden',
      graphql_errors: 1,
      handler: 'RecipesResolver.forbidden',
    });
    const [filter] = await app.linesOf('filter of Forbidden resource', 1);
    expect(filter!.span_id).toBe(line!.span_id);
  });

  it('stays one request for a batch of operations', async () => {
    const response = await app.post(
      [
        { query: 'query One { wait(ms: 5) }' },
        { query: '{ broken }' },
        { query: '{ wait(ms: 1) }' },
      ],
      { 'x-request-id': 'batch-1' },
    );
    expect(await response.json()).toHaveLength(3);
    const [line, ...others] = await app.requests(1);
    expect(others).toEqual([]);
    expect(line).toMatchObject({
      pattern: 'Query.wait',
      graphql_operation: 'One',
      graphql_errors: 1,
    });
    expect(new Set(app.lines.map((one) => one.request_id))).toEqual(new Set(['batch-1']));
  });

  it.each([
    ['a syntax error', { query: '{{' }, 400],
    ['an unknown field', { query: '{ nope }' }, 400],
    ['no query', {}, 400],
    ['a body that is no JSON', '{', 400],
    [
      '__proto__ in the variables',
      '{"query":"{ wait(ms: 1) }","variables":{"__proto__":1}}',
      undefined,
    ],
    [
      'an unknown persisted query',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } },
      undefined,
    ],
  ])('ends with one line: %s', async (_what, body, status) => {
    const response = await app.post(body, { 'x-request-id': 'malformed' });
    await response.text();
    if (status !== undefined) expect(response.status).toBe(status);
    const lines = await app.requests(1);
    expect(lines.map((line) => [line.request_id, line['status_code']])).toEqual([
      ['malformed', response.status],
    ]);
  });

  it('does not write out a name that is as long as a book', async () => {
    await app.ask(`query ${'a'.repeat(129)} { wait(ms: 1) }`);
    const [line] = await app.requests(1);
    expect(line).toMatchObject({ pattern: 'Query.wait' });
    expect(line).not.toHaveProperty('graphql_operation');
  });

  it(`keeps ${N} operations apart`, async () => {
    const ask = async (i: number): Promise<void> => {
      await sleep(i % 17);
      const headers = { 'x-request-id': `many-${i}` };
      const query = `{ recipes(count: 2) { author { name } } wait(ms: ${(i * 7) % 23}) ids { requestId } }`;
      const { data } = await app.ask(query, headers);
      expect(data!['ids']).toEqual({ requestId: `many-${i}` });
    };
    await Promise.all(Array.from({ length: N }, (_, i) => ask(i)));

    const lines = await app.requests(N);
    expect(new Set(lines.map((line) => line.request_id)).size).toBe(N);
    const written = app.lines;
    for (let i = 0; i < N; i++) {
      const own = written.filter((line) => line.request_id === `many-${i}`);
      expect(own.filter((line) => line.message === `waited ${(i * 7) % 23}`)).toHaveLength(1);
      expect(own.filter((line) => line.message === 'batch of 2')).toHaveLength(1);
      expect(own.filter((line) => line.message === 'guard of author')).toHaveLength(2);
      expect(own.filter((line) => line.message === 'field of r0')).toHaveLength(1);
      expect(new Set(own.map((line) => line.span_id)).size).toBe(1);
    }
    expect(written.filter((line) => !line.request_id.startsWith('many-'))).toEqual([]);
  }, 20_000);
});
