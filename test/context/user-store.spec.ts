import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Param } from '@nestjs/common';
import {
  CLS_ID,
  ClsModule,
  ClsService,
  ClsServiceManager,
  UseCls,
  type ClsModuleOptions,
} from 'nestjs-cls';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, TraceId } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

const setup = (cls: ClsService, request: { url: string; originalUrl?: string }): void => {
  cls.set('tenant', (request.originalUrl ?? request.url).split('/')[2]);
};
const setupOfContext = (
  cls: ClsService,
  context: { switchToHttp(): { getRequest(): { url: string } } },
): void => setup(cls, context.switchToHttp().getRequest());

const MODES: Record<string, ClsModuleOptions> = {
  'a middleware': { middleware: { mount: true, setup } },
  'a middleware that enters': { middleware: { mount: true, useEnterWith: true, setup } },
  'a guard': { guard: { mount: true, setup: setupOfContext as never } },
  'an interceptor': { interceptor: { mount: true, setup: setupOfContext as never } },
};

@Controller('orders')
class OrdersController {
  private readonly logger = new Logger('Orders');

  constructor(
    private readonly cls: ClsService,
    private readonly trace: TraceContext,
  ) {}

  @Get(':tenant')
  async list(@Param('tenant') tenant: string, @TraceId() traceId: string) {
    await sleep(Math.random() * 10);
    this.trace.set('tenant', tenant);
    this.logger.log(`for ${tenant}`);
    const { traceparent = '' } = this.trace.headers();
    return {
      tenant: this.cls.get<string>('tenant'),
      hasTraceId: traceId === this.trace.traceId,
      isPropagated: traceparent.length === 55,
    };
  }
}

describe.each(PLATFORMS)('an application with a ClsModule of its own (%s)', (platform) => {
  it.each(Object.keys(MODES))('keeps its values and its trace: mounted as %s', async (mode) => {
    const imports = [ClsModule.forRoot({ global: true, ...MODES[mode] })];
    const { send, sink } = await tracedApp(platform)
      .of({ imports, controllers: [OrdersController] })
      .start();
    await Promise.all(
      Array.from({ length: 40 }, async (_, i) => {
        const headers = { 'x-request-id': `request-${i}` };
        const answer = await send(`/orders/tenant-${i}`, { headers });
        expect(await answer.json()).toEqual({
          tenant: `tenant-${i}`,
          hasTraceId: true,
          isPropagated: true,
        });
      }),
    );
    const finished = await sink.finishes(40);
    const ids = Array.from({ length: 40 }, (_, i) => `request-${i} tenant-${i}`).toSorted();
    expect(
      finished.map((line) => `${line.request_id} ${String(line['tenant'])}`).toSorted(),
    ).toEqual(ids);
    const handler = sink.lines.filter(({ message }) => message.startsWith('for '));
    expect(
      handler
        .map(({ request_id: id, message }) => `${id} ${message.slice('for '.length)}`)
        .toSorted(),
    ).toEqual(ids);
  });
});

/** What `cls` says in a handler that leaves, replaces and nests its store. */
@Controller()
class StoresController {
  constructor(
    private readonly cls: ClsService,
    private readonly trace: TraceContext,
  ) {}

  @Get('ids')
  ids() {
    const { cls } = this;
    return [cls.getId(), cls.get('requestId'), cls.get('traceId'), cls.get('sessionId')];
  }

  @Get('replaced')
  async replaced() {
    const { cls, trace } = this;
    const seen: unknown[] = [];
    const note = (): void => void seen.push(trace.requestId);
    cls.run(note);
    cls.runWith({}, note);
    cls.exit(note);
    await trace.span('in a store of its own', () =>
      cls.runWith({ [CLS_ID]: 'mine' }, async () => {
        await sleep(1);
        note();
        seen.push(cls.getId());
      }),
    );
    cls.enterWith({ [CLS_ID]: 'entered' });
    await sleep(1);
    note();
    seen.push(cls.getId());
    return seen;
  }

  @Get('decorated')
  @UseCls({ generateId: true, idGenerator: () => 'of the decorator' })
  async decorated() {
    return [this.cls.getId(), this.trace.requestId];
  }
}

describe.each(PLATFORMS)('the store of nestjs-cls (%s)', (platform) => {
  const start = (options?: ClsModuleOptions) =>
    tracedApp(platform)
      .of({
        imports: options === undefined ? [] : [ClsModule.forRoot({ global: true, ...options })],
        controllers: [StoresController],
      })
      .start();
  const headers = { 'x-request-id': 'r-1', 'x-session-id': 's-1', traceparent: PARENT };

  it('has the ids of the trace', async () => {
    const { send } = await start();
    const answer = await send('/ids', { headers });
    expect(await answer.json()).toEqual(['r-1', 'r-1', TRACE_ID, 's-1']);
  });

  it('may be replaced, left and nested, and the trace stays', async () => {
    const { send } = await start();
    const answer = await send('/replaced', { headers });
    expect(await answer.json()).toEqual([
      ...['r-1', 'r-1', 'r-1'],
      ...['r-1', 'mine'],
      ...['r-1', 'entered'],
    ]);
  });

  it.each([
    ['a middleware', { middleware: { mount: true, generateId: true, idGenerator: () => 'own' } }],
    ['a guard', { guard: { mount: true, generateId: true, idGenerator: () => 'own' } }],
  ])('has the id of the application, generated by %s', async (_, options) => {
    const { send } = await start(options);
    const [id] = (await (await send('/ids', { headers })).json()) as string[];
    expect(id).toBe('own');
  });

  it('has the id that a decorator generates', async () => {
    const { send } = await start();
    const answer = await send('/decorated', { headers });
    expect(await answer.json()).toEqual(['of the decorator', 'r-1']);
  });

  it.each<[string, ClsModuleOptions]>([
    ['a middleware', { middleware: { mount: true } }],
    ['a middleware that enters', { middleware: { mount: true, useEnterWith: true } }],
    ['a guard', { guard: { mount: true } }],
    ['an interceptor', { interceptor: { mount: true } }],
  ])('has the ids of the trace where %s generates none', async (_, options) => {
    const { send } = await start(options);
    const answer = await send('/ids', { headers });
    expect(await answer.json()).toEqual(['r-1', 'r-1', TRACE_ID, 's-1']);
  });
});

describe('code that runs in no request', () => {
  it('finds an id of its own only where its application generated one', async () => {
    const { app } = await tracedApp('express')
      .of({ controllers: [StoresController] })
      .start();
    const cls = ClsServiceManager.getClsService();
    expect(cls.isActive()).toBe(false);
    cls.run(() => {
      expect(cls.setIfUndefined(CLS_ID, 'first')).toBe(true);
      expect(cls.setIfUndefined(CLS_ID, 'second')).toBe(false);
      expect(cls.getId()).toBe('first');
    });
    app.get(TraceContext).run({ requestId: 'r-2' }, () => {
      expect(cls.getId()).toBe('r-2');
      expect(cls.setIfUndefined('other', 1)).toBe(true);
      expect(cls.setIfUndefined(CLS_ID, undefined)).toBe(false);
      expect(cls.setIfUndefined(CLS_ID, 'generated')).toBe(true);
      expect(cls.setIfUndefined(CLS_ID, 'again')).toBe(false);
      expect(cls.getId()).toBe('generated');
    });
  });
});
