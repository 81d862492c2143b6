import { describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Headers,
  Inject,
  Injectable,
  Param,
  type ExecutionContext,
  type INestApplication,
  type ModuleMetadata,
} from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import {
  CLS_REQ,
  ClsMiddleware,
  ClsModule,
  ClsService,
  InjectableProxy,
  UseCls,
  type ClsModuleOptions,
} from 'nestjs-cls';
import { RequestId, TraceContext, TraceId } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { idsOf, overlapRequests, pause, say, type Traffic } from './overlapping-requests.js';
import { expectCallsOf, Upstream } from './upstream.js';

// Applications that have a `ClsModule` of their own, in each of the ways that it can be set up:
// they keep their tenant and their own id in its store.

interface HasHeaders {
  readonly headers: Record<string, string | undefined>;
}

const tenantOf = ({ headers }: HasHeaders): string => String(headers['x-tenant']);
const ownIdOf = (request: HasHeaders): string => `own-id-of-${tenantOf(request)}`;
const requestOf = (context: ExecutionContext): HasHeaders => context.switchToHttp().getRequest();

@Controller()
class OrdersController {
  constructor(
    private readonly cls: ClsService,
    private readonly trace: TraceContext,
  ) {}

  @Get('orders/:n')
  async list(
    @Param('n') n: string,
    @Headers('x-upstream') upstream: string,
    @TraceId() traceId: string,
    @RequestId() requestId: string,
  ): Promise<object> {
    say(n, 'listing');
    this.trace.set('own', `own-${n}`);
    this.cls.set('seen', n);
    await pause();
    say(n, 'asking the upstream');
    const response = await fetch(`${upstream}/stock/${n}`);
    await response.text();
    await this.trace.span('pack', async () => {
      await pause();
      say(n, 'packing');
    });
    const { cls, trace } = this;
    return {
      tenant: cls.get<string>('tenant'),
      seen: cls.get<string>('seen'),
      id: cls.getId(),
      ids: [traceId, requestId, trace.traceId, trace.requestId],
    };
  }
}

/** How the application sets up its module, and what else it does then. */
interface Mode {
  readonly options: Omit<ClsModuleOptions, 'global'>;
  readonly prepare?: (app: INestApplication) => void;
  /** What `cls.getId()` is. By default the request id. */
  readonly id?: (n: number) => string;
}

const byRequest = {
  generateId: true,
  idGenerator: ownIdOf,
  setup: (cls: ClsService, request: HasHeaders) => cls.set('tenant', tenantOf(request)),
};
const byContext = {
  generateId: true,
  idGenerator: (context: ExecutionContext) => ownIdOf(requestOf(context)),
  setup: (cls: ClsService, context: ExecutionContext) =>
    cls.set('tenant', tenantOf(requestOf(context))),
};
const ownId = (n: number): string => `own-id-of-tenant-${n}`;

const MODES: Readonly<Record<string, Mode>> = {
  'a guard that waits': {
    options: {
      guard: {
        mount: true,
        ...byContext,
        setup: async (cls, context) => {
          await pause();
          byContext.setup(cls, context);
        },
      },
    },
    id: ownId,
  },
  'an interceptor': { options: { interceptor: { mount: true, ...byContext } }, id: ownId },
  'a middleware without ids': {
    options: { middleware: { mount: true, setup: byRequest.setup } },
  },
  'a middleware that enters': {
    options: { middleware: { mount: true, useEnterWith: true, ...byRequest } },
    id: ownId,
  },
  'a middleware that is used by hand': {
    options: {},
    prepare: (app) => {
      const middleware = new ClsMiddleware({ useEnterWith: true, ...byRequest });
      app.use(middleware.use);
    },
    id: ownId,
  },
  'a middleware, a guard and an interceptor': {
    options: {
      middleware: { mount: true, ...byRequest },
      guard: { mount: true, ...byContext },
      interceptor: { mount: true, ...byContext },
    },
    id: ownId,
  },
};

/** The requests of all modes, each with a tenant of its own. */
function trafficTo(upstream: Upstream): Traffic {
  return {
    path: (n) => `/orders/${n}`,
    headers: (n) => ({ 'x-tenant': `tenant-${n}`, 'x-upstream': upstream.url }),
    lines: () => 3,
  };
}

describe.each(PLATFORMS)('an application on %s with a ClsModule of its own', (platform) => {
  const start = (metadata: ModuleMetadata, prepare: (app: INestApplication) => void = () => {}) =>
    tracedApp(platform).of(metadata).prepared(prepare).start();

  it.each(Object.keys(MODES))('mounted as %s', async (name) => {
    const { options, prepare, id = (n) => idsOf(n).requestId } = MODES[name]!;
    const upstream = await Upstream.start();
    const imports = [ClsModule.forRoot({ global: true, ...options })];
    const app = await start({ imports, controllers: [OrdersController] }, prepare);
    const found = await overlapRequests(app, trafficTo(upstream));
    for (const { n, body, traceId, requestId } of found.answers) {
      expect(JSON.parse(body)).toEqual({
        tenant: `tenant-${n}`,
        seen: String(n),
        id: id(n),
        ids: [traceId, requestId, traceId, requestId],
      });
    }
    expectCallsOf(found, upstream);
  });

  it('with contexts of its own inside the handlers', async () => {
    @Injectable()
    class Ledger {
      constructor(private readonly cls: ClsService) {}

      @UseCls({ setup: (cls, n: string) => cls.set('entry', n) })
      async enter(n: string): Promise<string> {
        say(n, 'in a method with a context of its own');
        await pause();
        return this.cls.get<string>('entry');
      }

      @UseCls({ runOptions: { ifNested: 'override' } })
      async forget(n: string): Promise<unknown> {
        await pause();
        say(n, 'in a method with an empty context');
        return this.cls.get<unknown>('tenant');
      }
    }

    @Controller()
    class ContextsController {
      constructor(
        private readonly cls: ClsService,
        private readonly trace: TraceContext,
        private readonly ledger: Ledger,
      ) {}

      @Get('contexts/:n')
      async show(@Param('n') n: string, @Headers('x-upstream') upstream: string) {
        const { cls, trace } = this;
        trace.set('own', `own-${n}`);
        const seen: unknown[] = [cls.get('tenant')];
        const note = async (text: string): Promise<void> => {
          say(n, text);
          await pause();
          say(n, `${text}, later`);
          seen.push(cls.isActive() ? cls.get('tenant') : 'none');
        };
        await cls.run(() => note('run'));
        await cls.run({ ifNested: 'override' }, () => note('run, overriding'));
        await cls.runWith({ tenant: `other-${n}` } as never, () => note('runWith'));
        await cls.exit(() => note('exit'));
        await cls.exit(async () => {
          await pause();
          const response = await fetch(`${upstream}/outside/${n}`);
          await response.text();
        });
        seen.push(await this.ledger.enter(n), await this.ledger.forget(n));
        await note('between');
        // As libraries do that replace the store in mid-flight.
        cls.enterWith({ tenant: `entered-${n}` } as never);
        await note('enterWith');
        await trace.span('inner', () => note('a span in it'));
        return seen;
      }
    }

    const upstream = await Upstream.start();
    const imports = [
      ClsModule.forRoot({ global: true, middleware: { mount: true, ...byRequest } }),
    ];
    const app = await start({ imports, providers: [Ledger], controllers: [ContextsController] });
    const found = await overlapRequests(app, {
      ...trafficTo(upstream),
      path: (n) => `/contexts/${n}`,
      lines: () => 16,
    });
    for (const { n, body } of found.answers) {
      const tenant = `tenant-${n}`;
      const entered = `entered-${n}`;
      expect(JSON.parse(body)).toEqual([
        ...[tenant, tenant, null, `other-${n}`, 'none'],
        ...[String(n), null, tenant, entered, entered],
      ]);
    }
    expectCallsOf(found, upstream);
  });

  it('with proxy providers', async () => {
    @InjectableProxy()
    class Tenant {
      readonly name: string;

      constructor(
        @Inject(CLS_REQ) request: IncomingMessage & HasHeaders,
        cls: ClsService,
        trace: TraceContext,
      ) {
        this.name = `${tenantOf(request)} ${cls.getId()} ${trace.requestId}`;
      }
    }

    @Controller()
    class ProxiesController {
      constructor(
        private readonly tenant: Tenant,
        private readonly trace: TraceContext,
      ) {}

      @Get('proxies/:n')
      async show(@Param('n') n: string): Promise<string> {
        this.trace.set('own', `own-${n}`);
        say(n, 'begins');
        await pause();
        say(n, 'ends');
        return this.tenant.name;
      }
    }

    const imports = [
      ClsModule.forRoot({
        global: true,
        middleware: { mount: true, saveReq: true, ...byRequest },
        proxyProviders: [Tenant],
      }),
      ClsModule.forFeature(Tenant),
    ];
    const app = await start({ imports, controllers: [ProxiesController] });
    const { answers } = await overlapRequests(app, {
      path: (n) => `/proxies/${n}`,
      headers: (n) => ({ 'x-tenant': `tenant-${n}` }),
      lines: () => 2,
    });
    for (const { n, body, requestId } of answers) {
      expect(body).toBe(`tenant-${n} ${ownId(n)} ${requestId}`);
    }
  });
});
