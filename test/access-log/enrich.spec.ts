import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  ForbiddenException,
  Get,
  Logger,
  Param,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { TracingModule } from '../../src/index.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';
import { LineSink } from '../support/line-sink.js';
import { spyOnWarnings } from '../support/warnings.js';

/** What both platforms have in their request. */
interface AnyRequest {
  user?: { id: string };
  headers: IncomingMessage['headers'];
}

class KnowsUser implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AnyRequest>();
    request.user = { id: String(request.headers['x-user']) };
    return true;
  }
}

class Denies implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException();
  }
}

@UseGuards(KnowsUser)
@Controller()
class OrdersController {
  @Get('orders/:id')
  get(@Param('id') id: string): string {
    new Logger('Orders').log(`order ${id}`);
    return id;
  }

  @Get('denied')
  @UseGuards(Denies)
  denied(): string {
    return 'never';
  }
}

const controllers = [OrdersController];
const warn = spyOnWarnings();
const userOf = (request: AnyRequest) => ({ user: request.user?.id, tenant: 'acme' });

describe.each(PLATFORMS)('enrich, on %s', (platform) => {
  it.each([true, false])('puts fields on all later lines, interceptor: %s', async (interceptor) => {
    let asked = 0;
    const enrich = (request: AnyRequest) => (asked++, userOf(request));
    const { send, sink } = await tracedApp(platform)
      .with({ enrich, interceptor })
      .of({ controllers })
      .start();
    await send('/orders/1', { headers: { 'x-user': 'u-42' } });
    await sink.finishes(1);
    const { lines } = sink;
    expect(lines).toEqual([
      expect.objectContaining({ message: 'order 1', user: 'u-42', tenant: 'acme' }),
      expect.objectContaining({ message: 'Request finished', user: 'u-42', tenant: 'acme' }),
    ]);
    expect(asked).toBe(1);
    expect('handler_ms' in lines[1]!).toBe(interceptor);
  });

  it('keeps overlapping requests apart', async () => {
    const { send, sink } = await tracedApp(platform)
      .with({ enrich: userOf })
      .of({ controllers })
      .start();
    const ids = Array.from({ length: 50 }, (_, n) => n);
    await Promise.all(
      ids.map((n) => send(`/orders/${n}`, { headers: { 'x-user': `user of ${n}` } })),
    );
    const seen = (await sink.finishes(50)).map(
      ({ path, user }) => `${String(path)} ${String(user)}`,
    );
    expect(seen.toSorted()).toEqual(ids.map((n) => `/orders/${n} user of ${n}`).toSorted());
  });

  it('names the user of a request that a later guard refuses', async () => {
    const { send, sink } = await tracedApp(platform)
      .with({ enrich: userOf })
      .of({ controllers })
      .start();
    await send('/denied', { headers: { 'x-user': 'u-7' } });
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ message: 'Request finished', status_code: 403, user: 'u-7' });
  });

  it('is not asked where no route has matched', async () => {
    let asked = 0;
    const { send, sink } = await tracedApp(platform)
      .with({ enrich: () => (asked++, {}) })
      .of({ controllers })
      .start();
    await send('/nowhere');
    await sink.finishes(1);
    expect(asked).toBe(0);
  });

  it('leaves the ids and the fields of the line as they are', async () => {
    const enrich = () => ({ request_id: 'forged', status_code: 1, outcome: 'x', plan: 'gold' });
    const { send, sink } = await tracedApp(platform).with({ enrich }).of({ controllers }).start();
    await send('/orders/2', { headers: { 'x-request-id': 'req-2' } });
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({
      request_id: 'req-2',
      status_code: 200,
      outcome: 'completed',
      plan: 'gold',
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no user');
      },
      'no user',
    ],
    ['returns a promise', async () => ({ user: 'late' }), 'not a promise of one'],
    ['returns a text', () => 'user', 'an object of fields'],
  ])('costs a warning and no request where it %s', async (_how, enrich, reason) => {
    const { send, sink } = await tracedApp(platform)
      .with({ enrich: enrich as any })
      .of({ controllers })
      .start();
    for (let n = 0; n < 3; n++) expect((await send(`/orders/${n}`)).status).toBe(200);
    await sink.finishes(3);
    expect(sink.lines.every((line) => !('user' in line))).toBe(true);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(String(warn.mock.calls[0]![0])).toContain(reason);
  });

  it('reads fields that throw, and leaves out those that are undefined', async () => {
    const enrich = () => ({
      get broken(): string {
        throw new Error('no value');
      },
      missing: undefined,
      plan: 'gold',
    });
    const { send, sink } = await tracedApp(platform).with({ enrich }).of({ controllers }).start();
    await send('/orders/3');
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ broken: '[Threw: no value]', plan: 'gold' });
    expect(line).not.toHaveProperty('missing');
  });

  it('comes from a factory too', async () => {
    const sink = new LineSink();
    const { send } = await tracedApp(platform, sink)
      .importing(
        TracingModule.forRootAsync({
          useFactory: () => ({ logger: sinkLogger(sink), enrich: userOf }),
        }),
      )
      .of({ controllers })
      .start();
    await send('/orders/4', { headers: { 'x-user': 'u-4' } });
    await sink.finishes(1);
    expect(sink.lines[0]).toMatchObject({ message: 'order 4', user: 'u-4' });
  });
});
