import { describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { MessageBody, SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { setTimeout as sleep } from 'node:timers/promises';
import { concatMap, from } from 'rxjs';
import { eventually, LineSink, type Line } from '../../support/line-sink.js';
import { tracedApp } from '../../support/traced-app.js';
import { connect, SOCKET_PLATFORMS, useSocketAdapter } from './clients.js';

const CONNECTIONS = 8;
const MESSAGES = 200;

@WebSocketGateway()
class WorkGateway {
  private readonly logger = new Logger(WorkGateway.name);

  @SubscribeMessage('promise')
  async promise(@MessageBody() id: number) {
    this.logger.log('begin', { id });
    await sleep(id % 7);
    this.logger.log('middle', { id });
    await sleep(id % 5);
    this.logger.log('end', { id });
    return { event: 'answer', data: id };
  }

  @SubscribeMessage('observable')
  observable(@MessageBody() id: number) {
    return from(['begin', 'middle', 'end']).pipe(
      concatMap(async (step) => {
        await sleep(id % 4);
        this.logger.log(step, { id });
        return { event: 'answer', data: id };
      }),
    );
  }
}

describe.each(SOCKET_PLATFORMS)('interleaved messages on %s', (platform) => {
  it.each([0, 1])('keep their ids with a sink that takes %d ms', async (delayMs) => {
    const sink = new LineSink(delayMs);
    const { url } = await tracedApp('express', sink)
      .of({ providers: [WorkGateway] })
      .prepared((app) => useSocketAdapter(app, platform))
      .start();
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, index) =>
        connect(platform, url, { 'x-session-id': `s-${index}`, 'x-request-id': `c-${index}` }),
      ),
    );

    await Promise.all(
      Array.from({ length: MESSAGES }, async (_, id) => {
        await sleep(id % 11);
        clients[id % CONNECTIONS]!.send(id % 3 === 0 ? 'observable' : 'promise', id);
      }),
    );
    await eventually(() => sink.linesOf('Message finished').length >= MESSAGES, 'all messages');

    const messages = new Map<string, Line[]>();
    // What was logged before the first message may still be on its way to a slow sink.
    for (const line of sink.lines.filter(({ request_id }) => request_id !== '-')) {
      messages.set(line.request_id, [...(messages.get(line.request_id) ?? []), line]);
    }
    expect(messages.size).toBe(MESSAGES);
    const sessions = new Map<string, string>();
    for (const lines of messages.values()) {
      expect(lines.map(({ message }) => message)).toEqual([
        'begin',
        'middle',
        'end',
        'Message finished',
      ]);
      const [id] = lines.map((line) => line['id'] as number);
      expect(lines.slice(0, 3).map((line) => line['id'])).toEqual([id, id, id]);
      for (const line of lines) {
        expect(line.session_id).toBe(`s-${id! % CONNECTIONS}`);
        expect(line.trace_id).toBe(`c-${id! % CONNECTIONS}`);
        expect(line.span_id).toBe(lines[0]!.span_id);
        sessions.set(line.span_id, line.session_id);
      }
      expect(lines[3]).toMatchObject({
        pattern: id! % 3 === 0 ? 'observable' : 'promise',
        outcome: 'completed',
      });
    }
    expect(sessions.size).toBe(MESSAGES);
  });
});
