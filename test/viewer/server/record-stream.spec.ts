import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RecordStore } from '../../../src/viewer/server/record-store.js';
import { RecordStream } from '../../../src/viewer/server/record-stream.js';
import { resolveViewerOptions } from '../../../src/viewer/server/viewer-options.js';
import { eventually } from '../../support/line-sink.js';

const HELLO = { instance: 'aaaaaaaaaaaa', service: 'test', path: '/_traces' };
/** More than there is between two looks of the stream at what is new. */
const BEAT_MS = 150;

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

const line = (length: number): string =>
  JSON.stringify({ type: 'line', message: 'x'.repeat(length) });

function streamOf(pages = 20): { store: RecordStore; stream: RecordStream } {
  const store = new RecordStore(resolveViewerOptions({}).limits);
  return { store, stream: new RecordStream(store, HELLO, pages) };
}

async function portOf(server: Server | ReturnType<typeof createHttp2Server>): Promise<number> {
  server.listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('the stream of records', () => {
  it('writes nothing more to a page that is still reading when the application ends', async () => {
    const { store, stream } = streamOf();
    const errors: Error[] = [];
    let response: ServerResponse | undefined;
    const server = createServer((_request, answer) => {
      response = answer.on('error', (error) => errors.push(error));
      stream.open(answer, undefined);
    });
    const page = connect(await portOf(server), '127.0.0.1');
    closing.push(() => page.destroy());
    page.pause().write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await eventually(() => response !== undefined, 'the page');
    // Until the buffers of the operating system are full, and a little more.
    while (response!.writableLength === 0) {
      store.add('line', line(400_000));
      await sleep(BEAT_MS);
    }
    expect(response!.writableLength).toBeLessThan(1024 * 1024);

    stream.close();
    store.add('line', line(1));
    await sleep(BEAT_MS);
    expect(errors).toEqual([]);
  }, 20_000);

  it('sends no more at once than a page reads in one go', async () => {
    const { store, stream } = streamOf();
    for (let n = 0; n < 10; n++) store.add('line', line(200_000));
    store.add('line', line(700_000));
    store.add('line', line(1));
    const server = createServer((_request, answer) => stream.open(answer, undefined));
    const { body } = await fetch(`http://127.0.0.1:${await portOf(server)}`);
    let text = '';
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('id: aaaaaaaaaaaa:12\n') && text.endsWith('\n\n')) break;
    }
    const events = text
      .match(/^data: \[.*/gm)!
      .map((data) => JSON.parse(data.slice(6)) as { type: string }[])
      // The counts of dropped records follow them, perhaps later.
      .filter(([first]) => first?.type === 'line');
    // Two and a half of them are half a mebi; what is larger itself comes alone.
    expect(events.map(({ length }) => length)).toEqual([2, 2, 2, 2, 2, 1, 1]);
    stream.close();
  });

  it.each([
    { name: 'a new page', from: undefined, sent: 4, missed: 0 },
    { name: 'one that has had the first', from: 'aaaaaaaaaaaa:1', sent: 3, missed: 4 },
    { name: 'one that has had all', from: 'aaaaaaaaaaaa:8', sent: 0, missed: 0 },
    {
      name: 'one that says that it has had more than there is',
      from: 'aaaaaaaaaaaa:9',
      sent: 4,
      missed: 0,
    },
  ])('counts what $name has missed', async ({ from, sent, missed }) => {
    const store = new RecordStore(resolveViewerOptions({ limits: { lines: 4 } }).limits);
    const stream = new RecordStream(store, HELLO, 20);
    for (let n = 1; n <= 8; n++) store.add('line', line(1), { isNotable: n % 4 === 1 });
    const server = createServer((_request, answer) => stream.open(answer, from));
    const { body } = await fetch(`http://127.0.0.1:${await portOf(server)}`);
    let text = '';
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes('"drops"') && text.endsWith('\n\n')) break;
    }
    expect(text.match(/"type":"line"/g)?.length ?? 0).toBe(sent);
    expect(text).toContain(`{"type":"drops","requests":0,"lines":${missed},"spans":0}`);
    stream.close();
  });

  it('frees the slot of an HTTP/2 client that disconnected before it was admitted', async () => {
    const { stream } = streamOf(1);
    const opened: boolean[] = [];
    const server = createHttp2Server((request, answer) => {
      const open = (): void => {
        opened.push(stream.open(answer as unknown as ServerResponse, undefined));
      };
      if (request.url === '/leaves') answer.once('close', () => setImmediate(open));
      else open();
    });
    const client = connectHttp2(`http://127.0.0.1:${await portOf(server)}`);
    closing.push(() => client.destroy());
    const leaving = client.request({ ':path': '/leaves' }).on('error', () => {});
    await once(leaving, 'ready');
    await sleep(BEAT_MS);
    leaving.close(8);
    await eventually(() => opened.length === 1, 'its end');
    client.request({ ':path': '/stays' }).on('error', () => {});
    await eventually(() => opened.length === 2, 'the next');
    expect(opened).toEqual([true, true]);
    stream.close();
  });
});
