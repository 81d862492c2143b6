import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Line } from '../../support/line-sink.js';
import { untilTrees } from '../../support/service-process.js';
import { GraphqlApp, SERVERS } from './graphql-app.js';

const START_MS = 30_000;

describe('resolvers that ask other services', () => {
  let services: GraphqlApp[];
  let query: string;

  beforeAll(async () => {
    services = await Promise.all(SERVERS.map((server) => GraphqlApp.start(server)));
    const [, second, third] = services;
    const ask = (url: string, asked: string): string =>
      `{ remote(url: "http://${url}", query: ${JSON.stringify(asked)}) }`;
    query = ask(second!.url, ask(third!.url, '{ recipes(count: 2) { author { name } } }'));
  }, START_MS);

  const lines = (): Line[] => services.flatMap((service) => service.lines);

  it('continue the trace of a request', async () => {
    const { data } = await services[0]!.ask(query, { 'x-session-id': 'one-session' });
    expect(data!['remote']).toContain('author of r1');
    const requests = await Promise.all(services.map((service) => service.requests(1)));
    const traces = requests.flat().map((line) => `${line.trace_id} ${line.session_id}`);
    expect(traces).toHaveLength(3);
    expect(new Set(traces)).toEqual(new Set([`${requests[0]![0]!.trace_id} one-session`]));
    await untilTrees(lines, requests[0]![0]!.trace_id);
  });

  it('continue the trace of an operation over a socket', async () => {
    await services[0]!.connect({ 'x-session-id': 'one-session' }).ask(query);
    const [operation] = await services[0]!.messages(1);
    const behind = await Promise.all(services.slice(1).map((service) => service.requests(1)));
    for (const line of behind.flat()) {
      expect(line).toMatchObject({
        trace_id: operation!.trace_id,
        request_id: operation!.request_id,
        session_id: 'one-session',
      });
    }
    await untilTrees(lines, operation!.trace_id);
  });
});
