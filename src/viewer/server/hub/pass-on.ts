import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeAfter } from '../../receiver/close-after.js';
import { proveAsMember } from './handshake.js';
import type { HubPlace } from './hub-place.js';
import { connectTo } from './hub-socket.js';

const MAX_REQUESTS = 64;
const MAX_TRIES = 4;
const RETRY_MS = 50;
const MAX_BODY_BYTES = 1024 * 1024;
/** Until when an answer has begun. One to `POST` may wait for what it asks for. */
const BEGIN_MS = { read: 5000, other: 60_000 };

/** Headers of a connection (RFC 9110, section 7.6.1), and credentials, which are checked before. */
const OF_CONNECTION =
  /^(?::.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|host|cookie|authorization|date)$/i;

/** Passes requests on to the owner's page, and its answers back. */
export class PassOn {
  private readonly responses = new Set<ServerResponse>();
  private count = 0;

  constructor(private readonly instance: string) {}

  /**
   * Answers a request that may see the page as the owner does.
   *
   * @param path below that of the viewer, with its query.
   */
  async answer(
    place: HubPlace,
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
      closeAfter(request, response);
      return refuse(response, 413, 'The body is too large.');
    }
    if (this.count >= MAX_REQUESTS) return refuse(response, 503, 'Too many pages are open.');
    this.count++;
    this.responses.add(response);
    try {
      const socket = await this.connect(place);
      await exchange(socket, path, request, response);
    } catch {
      // The owner has ended or does not answer: the page asks again, and another owner answers.
      if (response.headersSent) response.destroy();
      else
        refuse(response, 503, 'The process that serves the shared trace viewer does not answer.');
    } finally {
      this.count--;
      this.responses.delete(response);
    }
  }

  /** Tries again where other connections have taken the place of a new one. */
  private async connect(place: HubPlace): Promise<Socket> {
    const peer = { purpose: 'request', instance: this.instance } as const;
    for (let tries = 1; ; tries++) {
      try {
        const socket = await connectTo(place.address);
        await proveAsMember(socket, place.key, peer);
        return socket;
      } catch (error) {
        if (tries === MAX_TRIES) throw error;
        await sleep(RETRY_MS * tries, undefined, { ref: false });
      }
    }
  }

  /** Ends all answers. Pages ask again. */
  end(): void {
    for (const response of this.responses) response.end();
  }
}

function exchange(
  socket: Socket,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { method = 'GET' } = request;
    const headers = withoutConnection(request.headers);
    if (method !== 'POST') delete headers['content-length'];
    const passed = httpRequest({ method, path, headers, createConnection: () => socket });
    const isRead = method === 'GET' || method === 'HEAD';
    const fail = (error: Error): void => {
      passed.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(new Error('no answer')),
      isRead ? BEGIN_MS.read : BEGIN_MS.other,
    );
    timer.unref();
    response.once('close', () => passed.destroy());
    // The handshake has paused it.
    passed.once('socket', () => socket.resume());
    let isComplete = (): boolean => false;
    passed.once('close', () => {
      clearTimeout(timer);
      if (isComplete()) resolve();
      else reject(new Error('the answer was cut off'));
    });
    passed.on('error', fail).once('response', (answer: IncomingMessage) => {
      clearTimeout(timer);
      isComplete = () => answer.complete;
      if (response.headersSent || response.destroyed) return;
      response.writeHead(answer.statusCode!, withoutConnection(answer.headers));
      // So that a page sees at once that it is connected.
      response.flushHeaders();
      answer.on('error', fail).pipe(response);
    });
    // Without a body, the bytes of one would be read as the next request.
    if (method === 'POST')
      sendBody(request, passed, () => fail(new Error('the body is too large')));
    else passed.end();
  });
}

/** Sends the body of a request as it comes. One without a length may turn out to be too large. */
function sendBody(
  request: IncomingMessage,
  to: NodeJS.WritableStream,
  onTooLarge: () => void,
): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) onTooLarge();
  });
  request.pipe(to);
}

function withoutConnection(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.test(name)));
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (status === 503) response.setHeader('Retry-After', '1');
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
