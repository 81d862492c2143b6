import { describe, expect, it } from '@jest/globals';
import { Subject } from 'rxjs';
import type { TracedApplication } from '../../src/context/traced-application.js';
import { processorName } from '../../src/instrumentation/bull/processor-names.js';
import { GraphqlConnection } from '../../src/instrumentation/graphql/graphql-connection.js';
import { OpenRequests } from '../../src/instrumentation/mcp/received-requests.js';
import { SentRequests } from '../../src/instrumentation/mcp/sent-requests.js';
import { MAX_OPEN, OpenWork } from '../../src/instrumentation/open-work.js';
import { SocketConnection } from '../../src/instrumentation/websockets/socket-connection.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { Span } from '../../src/trace/span.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();
const { policy } = resolveOptions();
const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const codes = () => warn.mock.calls.map(([, options]) => (options as { code: string }).code);

describe('what is open on a connection', () => {
  it('is bounded: the oldest is let go, with one warning', () => {
    const letGo: string[] = [];
    const open = new OpenWork<number, string>((work) => letGo.push(work));
    for (let i = 0; i < MAX_OPEN; i++) open.add(i, `w${i}`);
    expect([letGo, codes()]).toEqual([[], []]);
    open.take(0);
    for (let i = 0; i < 3; i++) open.add(-1 - i, `new ${i}`);
    expect(letGo).toEqual(['w1', 'w2']);
    expect(open.all).toHaveLength(MAX_OPEN);
    expect(open.take(1)).toBeUndefined();
    expect(codes()).toEqual(['TRACING_TOO_MANY_OPEN']);
  });

  it('ends where its key is used again', () => {
    const letGo: string[] = [];
    const open = new OpenWork<string, string>((work) => letGo.push(work));
    open.add('1', 'first');
    open.add('1', 'second');
    expect([letGo, open.all]).toEqual([['first'], ['second']]);
  });

  it('may be requests that are sent by MCP: the oldest spans fail', () => {
    const sent = new SentRequests();
    const spans = times(MAX_OPEN + 2, () => new Span(trace, undefined, { name: 's' }, undefined));
    for (const [id, span] of spans.entries()) sent.add(id, span);
    expect(spans.filter(({ failed }) => failed)).toEqual(spans.slice(0, 2));
    sent.answer({ id: 2, result: {} });
    expect(spans[2]).toMatchObject({ failed: false, durationMs: expect.any(Number) });
    sent.failAll();
    expect(spans.every(({ durationMs }) => durationMs !== undefined)).toBe(true);
  });

  it('may be requests that are received by MCP: the oldest are as if their client had left', async () => {
    const received = new OpenRequests();
    const left: number[] = [];
    for (let id = 0; id < MAX_OPEN + 2; id++) void received.add(id, () => left.push(id));
    expect(left).toEqual([0, 1]);
    received.cancel(2);
    received.abandonAll();
    expect(left).toHaveLength(MAX_OPEN + 2);
  });

  it('may be messages of a WebSocket: the oldest end', () => {
    const connection = new SocketConnection(trace, 'ws');
    const messages = times(MAX_OPEN + 2, () => new Subject<never>().subscribe());
    for (const message of messages) connection.follow(message);
    expect(messages.filter(({ closed }) => closed)).toEqual(messages.slice(0, 2));
    messages[2]!.unsubscribe();
    const another = new Subject<never>().subscribe();
    connection.follow(another);
    expect(messages.filter(({ closed }) => closed)).toHaveLength(3);
    connection.close();
    expect([...messages, another].every(({ closed }) => closed)).toBe(true);
    const late = new Subject<never>().subscribe();
    connection.follow(late);
    expect(late.closed).toBe(true);
  });

  it('may be operations of a GraphQL socket: the oldest are as if their client had left', async () => {
    let open = 0;
    const left: unknown[] = [];
    const application = {
      openConnection: () => trace,
      runUnitOfWork: (work: { onLeave: (leave: () => void) => void }, begin: () => unknown) => {
        const own = ++open;
        work.onLeave(() => left.push(own));
        return begin();
      },
    } as unknown as TracedApplication;
    const connection = new GraphqlConnection(application, {
      transport: 'graphql-ws',
      request: { headers: {} } as never,
      params: undefined,
      isOpen: () => true,
    });
    const operations = times(1002, (i) => connection.begin(i % 3));
    expect(left).toEqual([1, 2]);
    expect(connection.operation(0)).toBe(operations.at(-3));
    operations.at(-1)!.end();
    await new Promise(setImmediate);
    expect(connection.operation(2)).toBe(operations.at(-4));
  });
});

describe('the names of Bull processors', () => {
  it('are kept for names of jobs that come again, and for a bounded number of them', () => {
    let lookups = 0;
    const application = {
      modules: new Map([
        ['m', { providers: new Map(), controllers: new Map(), injectables: new Map() }],
      ]),
    };
    const { modules } = application;
    Object.defineProperty(application, 'modules', { get: () => (lookups++, modules) });
    const nameOf = (job: string) =>
      processorName(application as unknown as TracedApplication, 'mails', job);
    for (let i = 0; i < 4; i++) expect(nameOf('send')).toBeUndefined();
    expect(lookups).toBe(2);
    for (let i = 0; i < 3; i++) nameOf('x'.repeat(1000));
    expect(lookups).toBe(5);
  });
});
