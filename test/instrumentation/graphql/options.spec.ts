import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Line } from '../../support/line-sink.js';
import { GraphqlApp, SERVERS } from './graphql-app.js';

const START_MS = 30_000;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

describe.each(SERVERS)('%s, with options and callbacks of a user', (server) => {
  let app: GraphqlApp;

  beforeAll(async () => {
    const tracing = { interceptor: false, trustIncoming: false };
    app = await GraphqlApp.start(server, tracing, { CALLBACKS: 'true' });
  }, START_MS);

  const callbacks = (): Line[] => app.lines.filter((line) => line['context'] === 'callbacks');

  it('names the handler without the interceptor', async () => {
    await app.ask('{ wait(ms: 1) }');
    const [line] = await app.requests(1);
    expect(line).toMatchObject({ pattern: 'Query.wait', handler: 'RecipesResolver.waitFor' });
    expect(line).not.toHaveProperty('handler_ms');
  });

  it('adopts nothing from callers that are not trusted', async () => {
    const given = { traceparent: TRACEPARENT, 'x-request-id': 'theirs', 'x-session-id': 'theirs' };
    const socket = app.connect({ ...given, authorization: 'Bearer token' }, given);
    const { data } = await socket.ask('{ ids { traceId requestId sessionId } }');
    await app.messages(1);
    const adopted = new RegExp(`theirs|tok_|${TRACE_ID}`);
    expect(JSON.stringify(data)).not.toMatch(adopted);
    expect(JSON.stringify(app.lines)).not.toMatch(adopted);
    await socket.close();
    await app.linesOf('onDisconnect', 1);
  });

  it('calls what listens to HTTP', async () => {
    await app.ask('{ wait(ms: 1) }');
    const [line] = await app.requests(1);
    expect(callbacks().map((one) => [one.message, one.span_id])).toEqual(
      (server === 'Mercurius' ? ['preExecution', 'onResolution'] : ['plugin']).map((name) => [
        name,
        line!.span_id,
      ]),
    );
  });

  it('calls what listens to sockets, in the context of what it is called for', async () => {
    const socket = app.connect();
    await socket.start('subscription { three { title } }').ended;
    await app.messages(1);
    await socket.start('{ nope }').ended;
    const [subscription, invalid] = await app.messages(2);
    await socket.close();
    await app.linesOf('onDisconnect', 1);

    const connection = subscription!['parent_span_id'];
    const inSubscription = (name: string) => [name, subscription!.span_id];
    const inInvalid = (name: string) => [name, invalid!.span_id];
    const called = callbacks().map((line) => [line.message, line.span_id]);
    if (server === 'Mercurius') {
      // The first and the last are called in the context of the upgrade request.
      expect(called.slice(1, -1)).toEqual([
        ['onConnect', connection],
        inSubscription('preSubscriptionExecution'),
        ...Array<unknown>(3).fill(inSubscription('onSubscriptionResolution')),
      ]);
      return;
    }
    expect(called).toEqual([
      ['onConnect', connection],
      ...['onSubscribe', 'context', 'onOperation'].map(inSubscription),
      ...Array<unknown>(3).fill(inSubscription('onNext')),
      inSubscription('onComplete'),
      ...['onSubscribe', 'onError'].map(inInvalid),
      ['onDisconnect', connection],
      ['onClose', connection],
    ]);
  });
});
