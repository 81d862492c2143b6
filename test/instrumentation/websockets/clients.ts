import { afterEach } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { once } from 'node:events';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { eventually } from '../../support/line-sink.js';

export type SocketPlatform = 'ws' | 'socket.io';
export const SOCKET_PLATFORMS: readonly SocketPlatform[] = ['ws', 'socket.io'];

/** What a client is sent. */
export interface Answer {
  readonly event: string;
  readonly data: unknown;
}

/** A real client of either platform. */
export interface Client {
  readonly answers: Answer[];
  send(event: string, data?: unknown): void;
  close(): Promise<void>;
}

type Headers = Record<string, string>;

const open: Client[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()));
});

export function useSocketAdapter(app: INestApplication, platform: SocketPlatform): void {
  app.useWebSocketAdapter(platform === 'ws' ? new WsAdapter(app) : new IoAdapter(app));
}

/** Connects a client, and waits until it is. */
export async function connect(
  platform: SocketPlatform,
  url: string,
  headers: Headers = {},
): Promise<Client> {
  const client = await (platform === 'ws' ? connectWs(url, headers) : connectIo(url, headers));
  open.push(client);
  return client;
}

/** What a client has been sent, once it is that much. */
export async function answersOf({ answers }: Client, count: number): Promise<Answer[]> {
  await eventually(() => answers.length >= count, `${count} answers`);
  return answers;
}

async function connectWs(url: string, headers: Headers): Promise<Client> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers });
  const answers: Answer[] = [];
  socket.on('message', (text: Buffer) => answers.push(JSON.parse(String(text)) as Answer));
  await once(socket, 'open');
  return {
    answers,
    send: (event, data) => socket.send(JSON.stringify({ event, data })),
    close: async () => {
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** @param transports how engine.io may send: the one it begins with first. */
export async function connectIo(
  url: string,
  headers: Headers = {},
  transports: ('websocket' | 'polling')[] = ['websocket'],
): Promise<Client> {
  const socket = io(url, {
    extraHeaders: headers,
    transports,
    forceNew: true,
    reconnection: false,
  });
  const answers: Answer[] = [];
  socket.onAny((event: string, data: unknown) => answers.push({ event, data }));
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return {
    answers,
    send: (event, data) => {
      if (data === undefined) socket.emit(event);
      else socket.emit(event, data);
    },
    close: async () => {
      socket.close();
    },
  };
}
