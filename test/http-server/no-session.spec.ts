import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { createLogger, transports } from 'winston';
import {
  SessionId,
  traceJson,
  TraceContext,
  traceText,
  TracingConfigError,
  TracingModule,
} from '../../src/index.js';
import { localServer } from '../http-client/local-server.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const session = { generate: false, header: 'X-Session-ID' } as const;
let target = '';

@Controller()
class SessionsController {
  private readonly logger = new Logger('Sessions');

  constructor(private readonly trace: TraceContext) {}

  @Get()
  async get(@SessionId() id: string | undefined): Promise<unknown> {
    this.logger.log({ message: 'forged', session_id: 'forged' });
    if (target !== '') await (await fetch(target)).text();
    return { id, own: this.trace.sessionId, headers: this.trace.headers() };
  }
}

describe.each(PLATFORMS)('session: { generate: false } on %s', (platform) => {
  it('leaves out the session that nobody named', async () => {
    const server = await localServer();
    target = server.url;
    const app = await tracedApp(platform)
      .with({ session })
      .of({ controllers: [SessionsController] })
      .start();
    const response = await app.send('/');
    const { id, own, headers } = (await response.json()) as {
      id?: string;
      own?: string;
      headers: Record<string, string>;
    };
    expect([id, own, headers['x-session-id']]).toEqual([undefined, undefined, undefined]);
    expect(response.headers.get('x-session-id')).toBeNull();
    expect(server.received[0]!.headers).not.toHaveProperty('x-session-id');
    await app.sink.finishes(1);
    for (const line of app.sink.lines) {
      expect(line).not.toHaveProperty('session_id');
      expect(line.request_id).toMatch(/^[0-9a-f-]{36}$/);
    }

    await (await app.send('/', { headers: { 'x-session-id': 'session-1' } })).text();
    expect((await app.sink.finishes(2))[1]!.session_id).toBe('session-1');
    expect(server.received[1]!.headers['x-session-id']).toBe('session-1');
    target = '';
  });

  it('is `none` in text, and left out with a preset', async () => {
    const [text, ecs] = [new LineSink(), new LineSink()];
    const logger = createLogger({
      transports: [
        new transports.Stream({ stream: text, format: traceText() }),
        new transports.Stream({ stream: ecs, format: traceJson({ preset: 'ecs' }) }),
      ],
    });
    const app = await tracedApp(platform)
      .importing(TracingModule.forRoot({ logger, session }))
      .of({ controllers: [SessionsController] })
      .start();
    await (await app.send('/', { headers: { 'x-request-id': 'req-001' } })).text();
    await eventually(() => ecs.finished.length === 1, 'the access log line');
    expect(ecs.finished[0]).not.toHaveProperty(['labels.session_id']);
    expect(text.raw.join('\n')).toContain(
      '[req=req-001|session=none] - Request finished GET / 200',
    );
  });
});

it.each([true, 'none', null])('session.generate: %s is an error', async (generate) => {
  const options = { session: { generate } } as never;
  const app = tracedApp('express').with(options).of({}).create();
  await expect(app).rejects.toThrow(TracingConfigError);
});
