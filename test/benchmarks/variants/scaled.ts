import { devNull } from 'node:os';
import { Controller, Get, Module, type ModuleMetadata, Param, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  TraceContext,
  traceJson,
  TracingLogger,
  TracingModule,
  type TracingModuleOptions,
  TracingTransport,
} from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { createLogger } from 'winston';
import { serve } from '../server-host.js';
import { PaymentController } from '../workload.js';

// nestjs-tracing, where an application has so many of something; or the same application without it.

interface Scaled {
  options?: TracingModuleOptions;
  imports?: ModuleMetadata['imports'];
  /** Above the usual one, whose route comes last. */
  controllers?: Type<unknown>[];
  controller?: Type<PaymentController>;
}

const noteAll = { requestsPerSecond: 1_000_000, linesPerSecond: 1_000_000 };

const kinds: Readonly<Record<string, (count: number) => Scaled>> = {
  routes: (count) => ({ controllers: [controllerWithRoutes(count)] }),
  fields: (count) => ({ controller: controllerWithFields(count) }),
  spans: (count) => ({ controller: controllerWithSpans(count) }),
  transports: (count) => ({
    options: { logger: createLogger({ format: traceJson(), transports: transportsOf(count) }) },
  }),
  readers: (count) => ({
    imports: [
      TraceViewerModule.forRoot({
        authorize: () => true,
        limits: { ...noteAll, pages: Math.max(1, count) },
      }),
    ],
  }),
};

await serve(async ({ adapter, option = '' }) => {
  const [kind = '', count = '', bare] = option.split(' ');
  const {
    options = {},
    imports = [],
    controllers = [],
    controller = PaymentController,
  } = kinds[kind]?.(Number(count)) ?? {};
  @Module({
    imports: bare ? [] : [TracingModule.forRoot(options), ...imports],
    controllers: [...controllers, controller],
  })
  class AppModule {}

  if (bare) return NestFactory.create(AppModule, adapter, { logger: false });
  const app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
  app.useLogger(app.get(TracingLogger));
  return app;
});

function controllerWithRoutes(count: number): Type<unknown> {
  @Controller()
  class RoutesController {}
  for (let i = 0; i < count; i++) {
    const name = `find${i}`;
    const value = () => i;
    Object.defineProperty(RoutesController.prototype, name, { value });
    Get(`route-${i}/:id`)(RoutesController.prototype, name, { value });
  }
  return RoutesController;
}

function controllerWithFields(count: number): Type<PaymentController> {
  @Controller('payments')
  class FieldsController extends PaymentController {
    constructor(private readonly tracing: TracingLogger) {
      super();
    }

    @Get(':id')
    override pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
      const fields: Record<string, unknown> = {};
      for (let i = 0; i < count; i++) fields[`field${i}`] = i % 2 === 0 ? i : `value ${i}`;
      this.tracing.log('Checked payment', fields, 'FieldsController');
      return super.pay(id);
    }
  }
  return FieldsController;
}

function controllerWithSpans(count: number): Type<PaymentController> {
  @Controller('payments')
  class SpansController extends PaymentController {
    constructor(private readonly trace: TraceContext) {
      super();
    }

    @Get(':id')
    override pay(@Param('id') id: string): Promise<{ id: string; status: string }> {
      for (let i = 0; i < count; i++) this.trace.span('step', () => i);
      return super.pay(id);
    }
  }
  return SpansController;
}

/** One writes to standard output, so that what it writes can be checked; the others nowhere. */
function transportsOf(count: number): TracingTransport[] {
  return Array.from(
    { length: count },
    (_, i) => new TracingTransport(i === 0 ? {} : { destination: devNull }),
  );
}
