import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Line } from '../../support/line-sink.js';
import { GraphqlApp, SERVERS } from './graphql-app.js';

const START_MS = 30_000;
const STORE_ERROR = {
  name: 'StoreError',
  message: 'the store is down',
  stack: expect.stringContaining('faults'),
  cause: expect.objectContaining({ message: 'connection refused' }),
};
const errorNamed = (name: string, message: string) => expect.objectContaining({ name, message });
const MISTAKE = { level: 'warn', outcome: 'completed', error: undefined };

/** Mercurius refuses a document with an error of its own and the status 400, which explains itself. */
function mistakeOn({ status_code: status }: Line, server: string) {
  const isRefused = server === 'Mercurius' && status === 400;
  const error = expect.objectContaining({ code: expect.stringMatching(/^(?:MER|FST)_/) });
  return isRefused ? { ...MISTAKE, error } : MISTAKE;
}

function seenIn({ level, outcome, error }: Line) {
  return { level, outcome, error };
}

describe.each(SERVERS)('what an operation has failed with: %s', (server) => {
  let app: GraphqlApp;

  beforeAll(async () => {
    app = await GraphqlApp.start(server);
  }, START_MS);

  it.each([
    ['{ fault(kind: "store") }', STORE_ERROR],
    ['{ fault(kind: "upstream") }', errorNamed('Error', 'no such price')],
    ['{ fault(kind: "unavailable") }', errorNamed('ServiceUnavailableException', 'try later')],
    ['{ fault(kind: "uncoded") }', errorNamed('GraphQLError', 'no code')],
    ['{ fault(kind: "internal") }', errorNamed('GraphQLError', 'internal')],
    ['{ fault(kind: "downstream") }', errorNamed('GraphQLError', 'gone')],
    [
      '{ fault(kind: "text") }',
      expect.objectContaining({ message: expect.stringContaining('a text') }),
    ],
    [
      '{ nothing }',
      expect.objectContaining({ message: expect.stringContaining('Cannot return null') }),
    ],
    [
      '{ filtered(kind: "conflict") }',
      expect.objectContaining({
        name: 'StoreError',
        message: 'the filter has failed',
        cause: expect.objectContaining({ name: 'ConflictException' }),
      }),
    ],
    // Partial data, and one error of the server among several.
    ['{ wait(ms: 1) a: fault(kind: "input") b: fault(kind: "store") }', STORE_ERROR],
  ])('%s fails on this side', async (query, error) => {
    await app.ask(query);
    const [line, ...others] = await app.requests(1);
    expect(others).toEqual([]);
    expect(seenIn(line!)).toEqual({ level: 'error', outcome: 'errored', error });
    expect(line).toMatchObject({ status_code: 200, graphql_errors: expect.any(Number) });
  });

  it.each([
    '{ fault(kind: "conflict") }',
    '{ fault(kind: "teapot") }',
    '{ fault(kind: "input") }',
    '{ fault(kind: "unauthenticated") }',
    '{ fault(kind: "forbidden") }',
    '{ fault(kind: "missing") }',
    '{ fault(kind: "limited") }',
    '{ filtered(kind: "store") }',
    '{ denied }',
    '{ forbidden }',
    '{ broken wait(ms: 1) }',
    '{ nope }',
    '{ wait(ms: "long") }',
    '{{',
    'query A { wait(ms: 1) } query B { wait(ms: 1) }',
  ])('%s is a mistake of the client', async (query) => {
    await app.ask(query);
    const [line] = await app.requests(1);
    expect(seenIn(line!)).toEqual(mistakeOn(line!, server));
    expect(line).not.toHaveProperty('steps');
  });

  it('a variable that does not fit is a mistake of the client', async () => {
    const query = 'query Wait($ms: Int!) { wait(ms: $ms) }';
    await (await app.post({ query, variables: { ms: 'long' } })).text();
    const [line] = await app.requests(1);
    expect(seenIn(line!)).toEqual(mistakeOn(line!, server));
  });

  it('an unknown persisted query is a mistake of the client', async () => {
    const persistedQuery = { version: 1, sha256Hash: 'a'.repeat(64) };
    await (await app.post({ extensions: { persistedQuery } })).text();
    const [line] = await app.requests(1);
    expect(seenIn(line!)).toEqual(mistakeOn(line!, server));
  });

  it('has no line where all of its fields skip it', async () => {
    await app.ask('{ quiet }', { 'x-request-id': 'quiet' });
    await app.ask('{ quiet again: quiet }', { 'x-request-id': 'quiet' });
    await app.ask('{ quiet wait(ms: 1) }', { 'x-request-id': 'both' });
    const lines = await app.requests(1);
    expect(lines.map((line) => line.request_id)).toEqual(['both']);
  });

  it('has the steps that led there', async () => {
    await app.ask('{ fault(kind: "store") }');
    const [line] = await app.requests(1);
    expect(line!['steps']).toEqual([
      expect.objectContaining({ name: 'FaultsResolver.fail', failed: true }),
    ]);
  });

  it('is the error of one operation of a batch', async () => {
    const queries = ['{ wait(ms: 1) }', '{ fault(kind: "input") }', '{ fault(kind: "store") }'];
    await (await app.post(queries.map((query) => ({ query })))).text();
    const [line, ...others] = await app.requests(1);
    expect(others).toEqual([]);
    expect(seenIn(line!)).toEqual({ level: 'error', outcome: 'errored', error: STORE_ERROR });
    expect(line!['graphql_errors']).toBe(2);
  });

  it('is the same over a socket', async () => {
    const socket = app.connect();
    for (const kind of ['store', 'input']) await socket.ask(`{ fault(kind: "${kind}") }`);
    const lines = await app.messages(2);
    expect(lines.map(seenIn)).toEqual([
      { level: 'error', outcome: 'errored', error: STORE_ERROR },
      MISTAKE,
    ]);
  });

  it('is kept to the operation that failed, among many', async () => {
    const ask = (i: number): Promise<unknown> =>
      app.ask(i % 3 === 0 ? '{ fault(kind: "store") }' : `{ wait(ms: ${i % 7}) }`, {
        'x-request-id': `many-${i}`,
      });
    await Promise.all(Array.from({ length: 60 }, (_, i) => ask(i)));
    for (const line of await app.requests(60)) {
      const hasFailed = Number(line.request_id.slice('many-'.length)) % 3 === 0;
      expect(line['outcome']).toBe(hasFailed ? 'errored' : 'completed');
    }
  });
});

it.each(SERVERS)(
  'what the client is not told is on the line: %s',
  async (server) => {
    const app = await GraphqlApp.start(server, {}, { HIDES_ERRORS: 'yes' });
    const result = await app.ask('{ fault(kind: "store") }');
    expect(JSON.stringify(result)).not.toContain('the store is down');
    const [line] = await app.requests(1);
    expect(seenIn(line!)).toEqual({ level: 'error', outcome: 'errored', error: STORE_ERROR });
  },
  START_MS,
);
