import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { BodyReader, type BodyLimits } from '../../../src/viewer/receiver/request-body.js';
import { closeAfter } from '../../../src/viewer/receiver/close-after.js';
import { eventually } from '../../support/line-sink.js';

let server: Server;
let reader: BodyReader;
const sockets: Socket[] = [];

beforeEach(async () => {
  server = createServer(async (request, response) => {
    const body = await reader.read(request);
    const isRefused = typeof body === 'number';
    if (isRefused) closeAfter(request, response);
    const text = isRefused ? '' : String(body.bytes.length);
    response.writeHead(isRefused ? body : 200, { 'Content-Length': text.length }).end(text);
    if (!isRefused) body.release();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** A body of which so many bytes are sent. */
function send(length: number | 'chunked', ...parts: string[]): Socket {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const framing = length === 'chunked' ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`;
  socket.write(`POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${framing}\r\n\r\n`);
  for (const part of parts) socket.write(part);
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

const read = (limits: BodyLimits): void => {
  reader = new BodyReader(limits);
};
const statusOf = async (socket: Socket) => (await textOf(socket)).slice(9, 12);
const held = (bytes: number) => eventually(() => reader.heldBytes >= bytes, `${bytes} bytes`);

it('reads a body of exactly the limit, and refuses one of more', async () => {
  read({ bodyBytes: 5000 });
  expect(await textOf(send(5000, 'x'.repeat(5000)))).toMatch(/200 OK[^]*5000/);
  expect(await statusOf(send(5001, 'x'))).toBe('413');
  expect(await textOf(send('chunked', `1388\r\n${'x'.repeat(5000)}\r\n0\r\n\r\n`))).toMatch(
    /200 OK[^]*5000/,
  );
  expect(await statusOf(send('chunked', `1389\r\n${'x'.repeat(5001)}\r\n`))).toBe('413');
  expect(reader.heldBytes).toBe(0);
});

it('refuses the body that has stopped for the longest time when all of them are too much', async () => {
  read({ bodyBytes: 40_000, totalBytes: 100_000 });
  const first = send(40_000, 'x'.repeat(39_000));
  await held(39_000);
  send(40_000, 'x'.repeat(39_000));
  await held(78_000);
  const third = send(40_000, 'x'.repeat(40_000));
  expect(await textOf(third)).toMatch(/200 OK[^]*40000/);
  expect(await statusOf(first)).toBe('503');
  expect(reader.heldBytes).toBeLessThanOrEqual(100_000);
});

it('never holds more than its limit, however many half-sent bodies there are', async () => {
  read({ bodyBytes: 100_000, totalBytes: 500_000, bodies: 1000 });
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, reader.heldBytes)), 1).unref();
  const halves = Array.from({ length: 60 }, () => send(100_000, 'x'.repeat(60_000)));
  await held(300_000);
  expect(await textOf(send(9, 'x'.repeat(9)))).toMatch(/200 OK[^]*9/);
  clearInterval(timer);
  expect(most).toBeLessThanOrEqual(500_000);
  for (const socket of halves) socket.destroy();
  await eventually(() => reader.heldBytes === 0, 'nothing is held');
});

it('bounds the number of bodies', async () => {
  read({ bodyBytes: 100, bodies: 2 });
  const first = send(100, 'x');
  await held(1);
  send(100, 'x');
  await held(200);
  expect(await textOf(send(3, 'abc'))).toMatch(/200 OK[^]*3/);
  expect(await statusOf(first)).toBe('503');
});

it('refuses a body that is not complete in time', async () => {
  read({ bodyBytes: 100, timeMs: 30 });
  expect(await statusOf(send(100, 'x'))).toBe('408');
  expect(reader.heldBytes).toBe(0);
});

it('takes no more for a body in chunks of one byte', async () => {
  read({ bodyBytes: 10_000 });
  const chunks = '1\r\nx\r\n'.repeat(9000);
  const socket = send('chunked', chunks);
  await held(9000);
  expect(reader.heldBytes).toBeLessThanOrEqual(10_000);
  socket.destroy();
  await eventually(() => reader.heldBytes === 0, 'nothing is held');
});
