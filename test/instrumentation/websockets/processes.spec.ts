import { describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Line } from '../../support/line-sink.js';
import { flawsOfTree, ServiceProcess } from '../../support/service-process.js';
import { SOCKET_PLATFORMS } from './clients.js';

const CALLS = 10;
const here = join(process.cwd(), 'test/instrumentation/websockets');

describe.each(SOCKET_PLATFORMS)('a process that calls another over %s', (platform) => {
  it('is one trace and one tree with it', async () => {
    const chat = await ServiceProcess.start(join(here, 'chat-service.ts'), { SOCKETS: platform });
    const caller = await ServiceProcess.start(join(here, 'caller-service.ts'), {
      SOCKETS: platform,
      CHAT_URL: `http://127.0.0.1:${String(chat.ready['port'])}`,
    });
    await Promise.all(
      Array.from({ length: CALLS }, async (_, id) => {
        await sleep(id * 3);
        const url = `http://127.0.0.1:${String(caller.ready['port'])}/call?texts=${id}-a,${id}-b`;
        await (await fetch(url, { headers: { 'x-session-id': `s-${id}` } })).text();
      }),
    );
    const requests = await caller.linesOf('Request finished', CALLS);
    const messages = await chat.linesOf('Message finished', CALLS * 2);
    await Promise.all([caller.stop(), chat.stop()]);

    expect(messages).toHaveLength(CALLS * 2);
    expect(new Set(messages.map(({ request_id }) => request_id)).size).toBe(CALLS * 2);
    const all: Line[] = [...caller.lines, ...chat.lines];
    for (const { trace_id, session_id } of requests) {
      expect(flawsOfTree(all, trace_id)).toEqual([]);
      const said = chat.lines.filter(
        (line) => line.message === 'said' && line.trace_id === trace_id,
      );
      const id = session_id.slice(2);
      expect(said.map((line) => line['text'])).toEqual([`${id}-a`, `${id}-b`]);
      const own = all.filter((line) => line.trace_id === trace_id);
      expect(new Set(own.map((line) => line.session_id))).toEqual(new Set([session_id]));

      const named = (name: string) => own.find((line) => line['name'] === name);
      const handshake = named(`${platform} handshake`)!;
      expect(own.find((line) => line.span_id === handshake['parent_span_id'])).toMatchObject({
        kind: 'client',
        'http.response.status_code': 101,
      });
      expect(named('load user')!['parent_span_id']).toBe(handshake.span_id);
      for (const line of own.filter(({ message }) => message === 'Message finished')) {
        expect(line['parent_span_id']).toBe(handshake.span_id);
      }
    }
  }, 30_000);
});
