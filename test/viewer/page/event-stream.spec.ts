import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventSource } from 'undici';
import {
  openStream,
  type Source,
  type Stream,
  type StreamHandlers,
} from '../../../src/viewer/page/connection/event-stream.js';
import { aLine } from '../view-records.js';

type Answer = (response: ServerResponse) => void;

/** A server that answers each connection as the next in the list says; the last one stays. */
class StreamServer {
  readonly urls: string[] = [];
  readonly askedAtMs: number[] = [];
  private readonly server: Server;

  constructor(private readonly answers: Answer[]) {
    this.server = createServer((request, response) => {
      this.urls.push(request.url!);
      this.askedAtMs.push(performance.now());
      const [answer] = this.answers.length > 1 ? this.answers.splice(0, 1) : this.answers;
      answer!(response);
    });
  }

  async listen(port = 0): Promise<string> {
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/stream`;
  }

  async close(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }
}

function greet(instance: string): Answer {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.write(
      `event: hello\ndata: {"instance":"${instance}","service":"shop","path":"/_traces"}\n\n`,
    );
  };
}

function send(id: string, message: string): Answer {
  return (response) =>
    response.write(`event: records\nid: ${id}\ndata: ${JSON.stringify([aLine(message)])}\n\n`);
}

const end: Answer = (response) => response.end();
const refuse: Answer = (response) => response.writeHead(503).end();
const inTurn =
  (...steps: Answer[]): Answer =>
  (response) =>
    steps.forEach((step) => step(response));

describe('openStream', () => {
  const heard: string[] = [];
  const handlers: StreamHandlers = {
    onHello: ({ instance }) => heard.push(`hello ${instance}`),
    onState: (state) => heard.push(state),
    onRecords: (records) =>
      heard.push(...records.map((record) => ('message' in record ? record.message : ''))),
  };
  let stream: Stream | undefined;
  let server: StreamServer;

  async function open(...answers: Answer[]): Promise<string> {
    server = new StreamServer(answers);
    const url = await server.listen();
    stream = openStream(url, handlers, (url) => new EventSource(url));
    return url;
  }

  async function untilHeard(what: string): Promise<void> {
    const deadline = performance.now() + 9000;
    while (!heard.includes(what) && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(heard).toContain(what);
  }

  beforeEach(() => {
    heard.length = 0;
  });

  afterEach(async () => {
    stream?.close();
    await server.close();
  });

  it('reports the server and the records that arrive', async () => {
    await open(inTurn(greet('a'), send('a:1', 'one'), send('a:2', 'two')));
    await untilHeard('two');
    expect(heard).toEqual(['connecting', 'live', 'hello a', 'one', 'two']);
    expect(server.urls).toEqual(['/stream']);
  });

  it('continues at its last position when the connection is lost', async () => {
    await open(
      inTurn(greet('a'), send('a:1', 'one'), send('a:17', 'two'), end),
      inTurn(greet('a'), send('a:18', 'three')),
    );
    await untilHeard('three');
    expect(heard).toEqual([
      'connecting',
      'live',
      'hello a',
      'one',
      'two',
      'lost',
      'live',
      'hello a',
      'three',
    ]);
    expect(server.urls).toEqual(['/stream', '/stream?from=a%3A17']);
  });

  it('tries again when the server answers with an error, at growing intervals', async () => {
    await open(refuse, refuse, refuse, greet('a'));
    await untilHeard('hello a');
    expect(heard).toEqual(['connecting', 'lost', 'live', 'hello a']);
    const [first, second, third, fourth] = server.askedAtMs as [number, number, number, number];
    expect(second - first).toBeGreaterThan(240);
    expect(third - second).toBeGreaterThan(490);
    expect(fourth - third).toBeGreaterThan(990);
  });

  it('finds a server that was started anew', async () => {
    const url = await open(inTurn(greet('a'), send('a:5', 'one')));
    await untilHeard('one');
    await server.close();
    await untilHeard('lost');
    server = new StreamServer([inTurn(greet('b'), send('b:1', 'new'))]);
    await server.listen(Number(new URL(url).port));
    await untilHeard('new');
    expect(heard).toEqual([
      'connecting',
      'live',
      'hello a',
      'one',
      'lost',
      'live',
      'hello b',
      'new',
    ]);
    expect(server.urls).toEqual(['/stream?from=a%3A5']);
  });

  it('is quiet once it is closed', async () => {
    await open(inTurn(greet('a'), end));
    await untilHeard('lost');
    stream!.close();
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(server.urls).toHaveLength(1);
    expect(heard).toEqual(['connecting', 'live', 'hello a', 'lost']);
  });
});

type Listener = Parameters<Source['addEventListener']>[1];

/** A connection that does what the test says. */
class FakeSource implements Source {
  isClosed = false;
  private readonly listeners = new Map<string, Listener>();

  constructor(readonly url: string) {}

  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener);
  }

  fire(type: string, data = '', lastEventId = ''): void {
    this.listeners.get(type)!({ data, lastEventId });
  }

  close(): void {
    this.isClosed = true;
  }
}

function openFake(url: string) {
  const sources: FakeSource[] = [];
  const stream = openStream(url, { onHello() {}, onRecords() {}, onState() {} }, (url) => {
    const source = new FakeSource(url);
    sources.push(source);
    return source;
  });
  return { sources, stream };
}

describe('the pause between two attempts', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('is never longer than 5 seconds, and short again after a success', () => {
    jest.useFakeTimers();
    const { sources, stream } = openFake('/stream');
    const pauses = Array.from({ length: 7 }, () => {
      sources.at(-1)!.fire('error');
      const before = sources.length;
      let ms = 0;
      for (; sources.length === before; ms += 50) jest.advanceTimersByTime(50);
      return ms;
    });
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    sources.at(-1)!.fire('hello', '{}');
    sources.at(-1)!.fire('error');
    const opened = sources.length;
    jest.advanceTimersByTime(249);
    expect(sources).toHaveLength(opened);
    jest.advanceTimersByTime(1);
    expect(sources).toHaveLength(opened + 1);
    stream.close();
  });

  it('does not change an address that has a query', () => {
    jest.useFakeTimers();
    const { sources, stream } = openFake('/stream?page=1');
    sources[0]!.fire('records', '[]', 'a:7');
    sources[0]!.fire('error');
    jest.advanceTimersByTime(250);
    expect(sources.map(({ url }) => url)).toEqual(['/stream?page=1', '/stream?page=1&from=a%3A7']);
    stream.close();
  });

  it('leaves no connection behind that would be opened by the browser too', () => {
    jest.useFakeTimers();
    const { sources, stream } = openFake('/stream');
    sources[0]!.fire('error');
    jest.advanceTimersByTime(250);
    expect(sources.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    // What the old one says late is not about the new one.
    sources[0]!.fire('error');
    jest.advanceTimersByTime(5000);
    expect(sources.map(({ isClosed }) => isClosed)).toEqual([true, false]);
    stream.close();
    expect(sources.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  });
});
