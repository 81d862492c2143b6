import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, type RequestFinishEvent, type SpanFinishEvent } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller()
class MessagesController {
  private readonly logger = new Logger('Messages');

  constructor(private readonly trace: TraceContext) {}

  @Get('fails')
  async fails(): Promise<void> {
    await this.trace.span('check session', () => sleep(1));
    await this.trace.span(
      'query messages',
      async () => {
        this.logger.log('inside');
        await sleep(2);
        throw new Error('Database timeout');
      },
      { 'db.system': 'postgresql' },
    );
  }

  @Get('works')
  works(): number {
    return this.trace.span('add', () => 1 + 1);
  }
}

describe.each(PLATFORMS)('spans on %s', (platform) => {
  it('are on the access log line of a request that failed, and on no other', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [MessagesController] })
      .start();
    await (await send('/works')).text();
    await (await send('/fails')).text();
    const [works, fails] = await sink.finishes(2);
    expect(works).not.toHaveProperty('steps');
    expect(fails!['steps']).toEqual([
      { name: 'check session', start_ms: expect.any(Number), duration_ms: expect.any(Number) },
      {
        name: 'query messages',
        start_ms: expect.any(Number),
        duration_ms: expect.any(Number),
        failed: true,
        error: 'Error: Database timeout',
      },
    ]);
    const inside = sink.lines.find(({ message }) => message === 'inside')!;
    expect(inside.span_id).not.toBe(fails!.span_id);
    expect(inside.trace_id).toBe(fails!.trace_id);
  });

  it('are published as they end, and requests as they begin and end', async () => {
    const seen: string[] = [];
    const onSpan = (message: unknown) => {
      const { span } = message as SpanFinishEvent;
      seen.push(`span ${span.name} ${span.failed ? 'failed' : 'ok'}`);
      if (span.failed) expect(span.attributes).toEqual({ 'db.system': 'postgresql' });
    };
    const onStart = () => seen.push('start');
    const onFinish = (message: unknown) => {
      const { record } = message as RequestFinishEvent;
      seen.push(`finish ${record.handler} ${record.status_code} ${record.outcome}`);
    };
    subscribe('nestjs-tracing:request:start', onStart);
    subscribe('nestjs-tracing:span:finish', onSpan);
    subscribe('nestjs-tracing:request:finish', onFinish);
    try {
      const { send, sink } = await tracedApp(platform)
        .of({ controllers: [MessagesController] })
        .start();
      await (await send('/fails')).text();
      await sink.finishes(1);
      expect(seen).toEqual([
        'start',
        'span check session ok',
        'span query messages failed',
        'finish MessagesController.fails 500 errored',
      ]);
    } finally {
      unsubscribe('nestjs-tracing:request:start', onStart);
      unsubscribe('nestjs-tracing:span:finish', onSpan);
      unsubscribe('nestjs-tracing:request:finish', onFinish);
    }
  });
});
