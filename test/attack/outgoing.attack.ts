import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TraceContext } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { OUTGOING_ATTACKS } from './outgoing-attacks.js';

let server: Server;
const received: IncomingMessage[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    received.push(request);
    response.end('ok');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each(PLATFORMS)('outgoing calls', (platform) => {
  it.each(OUTGOING_ATTACKS)(
    `on ${platform}: $name`,
    async ({ trusted = [], send, isTrusted = false }) => {
      received.length = 0;
      const { app } = await tracedApp(platform).with({ outgoing: { trusted } }).start();
      const seed = { requestId: 'order-7', sessionId: 'basket-2' };
      await app.get(TraceContext).run(seed, async () => {
        await send((server.address() as AddressInfo).port);
      });
      expect(received).toHaveLength(1);
      const { headers } = received[0]!;
      expect(headers['traceparent']).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
      expect([headers['x-session-id'], headers['x-request-id']]).toEqual(
        isTrusted ? ['basket-2', 'order-7'] : [undefined, undefined],
      );
    },
  );
});
