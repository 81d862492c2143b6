import { describe, expect, it } from '@jest/globals';
import {
  Module,
  type DynamicModule,
  type INestApplicationContext,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Transport } from '@nestjs/microservices';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { TracingConfigError, TracingLogger, TracingModule } from '../../src/index.js';
import { TracingMetricsModule } from '../../src/metrics/index.js';
import { OtlpModule } from '../../src/otlp/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();

const MODULES = { TracingModule, TracingMetricsModule, OtlpModule, TraceViewerModule };
type ModuleName = keyof typeof MODULES;
const NAMES = Object.keys(MODULES) as ModuleName[];
/** The method as JavaScript lets a user call it. */
type ForRoot = (options?: unknown) => DynamicModule;
const forRoot = (name: ModuleName, options?: unknown): DynamicModule =>
  (MODULES[name] as unknown as { forRoot: ForRoot }).forRoot(options);
const forRootAsync = (options: unknown): DynamicModule =>
  (TracingModule as unknown as { forRootAsync: ForRoot }).forRootAsync(options);

const silent = { logger: false, abortOnError: false } as const;

function rootOf(imports: NonNullable<ModuleMetadata['imports']>): new () => object {
  @Module({ imports })
  class AppModule {}
  return AppModule;
}

async function errorOf(start: () => unknown): Promise<TracingConfigError> {
  try {
    await start();
  } catch (error) {
    expect(error).toBeInstanceOf(TracingConfigError);
    return error as TracingConfigError;
  }
  throw new Error('nothing was thrown');
}

const startWith = async (imports: NonNullable<ModuleMetadata['imports']>): Promise<void> => {
  const app = await NestFactory.createApplicationContext(rootOf(imports), silent);
  await app.close();
};

const WRONG = [
  [null, '`null`'],
  ['x', '"x"'],
  ['', '""'],
  [0, '`0`'],
  [false, '`false`'],
  [[], 'an empty array'],
] as const;

describe.each(NAMES)('%s', (name) => {
  it.each(WRONG)('does not take %p for options', async (value, described) => {
    const error = await errorOf(() => forRoot(name, value));
    expect(error.message).toBe(
      `[INVALID_OPTION] ${name}.forRoot: the options are ${described}.` +
        ` Fix: give it an object, or nothing, as in \`${name}.forRoot()\`.`,
    );
  });

  it('says how it is imported where its class is imported as it is', async () => {
    const beside = name === 'TracingModule' ? [] : [TracingModule.forRoot()];
    const error = await errorOf(() => startWith([MODULES[name], ...beside]));
    expect(error).toMatchObject({
      code: 'WITHOUT_FOR_ROOT',
      message: expect.stringContaining(`${name} is imported without \`forRoot\`.`),
      fix: expect.stringContaining(`\`imports: [${name}.forRoot()]\``),
    });
  });
});

it.each(NAMES.slice(1))('%s asks for TracingModule', async (name) => {
  const error = await errorOf(() => startWith([forRoot(name)]));
  expect(error).toMatchObject({
    code: 'TRACING_NOT_IMPORTED',
    message: expect.stringContaining(`${name} is imported, but TracingModule is not.`),
    fix: expect.stringContaining('TracingModule.forRoot()'),
  });
});

describe('forRootAsync', () => {
  it.each([
    ['nothing', undefined, /options are `undefined`/],
    ['null', null, /options are `null`/],
    ['an empty object', {}, /none of `useFactory`, `useClass` and `useExisting`/],
    ['options themselves', { service: 'x' }, /none of `useFactory`/],
    [
      'an object as its factory',
      { useFactory: { service: 'x' } },
      /`useFactory` is an object with "service"/,
    ],
    ['an object as its class', { useClass: {} }, /`useClass` is an object without properties/],
    ['a word for a switch', { useFactory: () => ({}), interceptor: 'no' }, /`interceptor` is/],
  ])('does not take %s', async (_name, options, message) => {
    const error = await errorOf(() => forRootAsync(options));
    expect(error.message).toMatch(message);
  });

  it.each([
    ['null', null, '`null`'],
    ['nothing', undefined, '`undefined`'],
    ['text', 'service', '"service"'],
    ['empty text', '', '""'],
    ['an array', [], 'an empty array'],
  ])(
    'does not take %s from the factory, at once or as a promise',
    async (_name, value, described) => {
      for (const useFactory of [() => value, async () => Promise.resolve(value)]) {
        const error = await errorOf(() => startWith([forRootAsync({ useFactory })]));
        expect(error.code).toBe('INVALID_OPTIONS');
        expect(error.message).toContain(`the factory returned ${described}.`);
      }
    },
  );

  it('does not take a class without the method, or one that returns nothing', async () => {
    class Without {}
    class Nothing {
      createTracingOptions(): void {}
    }
    const without = await errorOf(() => startWith([forRootAsync({ useClass: Without })]));
    expect(without.message).toContain('has no method `createTracingOptions`');
    const nothing = await errorOf(() => startWith([forRootAsync({ useClass: Nothing })]));
    expect(nothing.message).toContain('the factory returned `undefined`');
  });

  it('passes on what the factory throws', async () => {
    const useFactory = (): never => {
      throw new Error('no configuration');
    };
    await expect(startWith([forRootAsync({ useFactory })])).rejects.toThrow('no configuration');
  });

  it.each([
    [false, undefined],
    [false, true],
    [true, false],
  ])('warns that `interceptor: %p` of a factory came too late, beside %p', async (own, beside) => {
    const useFactory = () => ({ interceptor: own });
    const options = beside === undefined ? { useFactory } : { useFactory, interceptor: beside };
    await startWith([TracingModule.forRootAsync(options)]);
    await startWith([TracingModule.forRootAsync(options)]);
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining(`beside the factory: \`forRootAsync({ interceptor: ${own}, `),
        { type: 'TracingWarning', code: 'TRACING_OPTION_TOO_LATE' },
      ],
    ]);
  });

  it.each([true, false])('takes `interceptor: %p` from both', async (interceptor) => {
    const useFactory = () => ({ interceptor });
    await startWith([TracingModule.forRootAsync({ useFactory, interceptor })]);
    expect(warn.mock.calls).toEqual([]);
  });
});

const ALL = () => [
  TracingModule.forRoot({ format: 'json', level: 'error' }),
  TraceViewerModule.forRoot(),
  TracingMetricsModule.forRoot(),
  OtlpModule.forRoot({ traces: false, logs: false }),
];

/** The applications that one root module is started as, besides one with an HTTP server. */
const WITHOUT_SERVER: readonly (readonly [string, () => Promise<INestApplicationContext>])[] = [
  [
    'an application context',
    async () => NestFactory.createApplicationContext(rootOf(ALL()), silent),
  ],
  [
    'a microservice',
    async () => {
      const options = { ...silent, transport: Transport.TCP, options: { port: 0 } } as const;
      const app = await NestFactory.createMicroservice(rootOf(ALL()), options);
      await app.init();
      return app;
    },
  ],
  [
    'a testing module',
    async () => {
      const module = await Test.createTestingModule({ imports: ALL() }).compile();
      return module.init();
    },
  ],
];

describe('an application without an HTTP server', () => {
  it.each(WITHOUT_SERVER)('starts as %s, with one warning for each part', async (_name, start) => {
    const first = await start();
    expect(first.get(TracingLogger)).toBeInstanceOf(TracingLogger);
    await first.close();
    const second = await start();
    await second.close();
    const codes = warn.mock.calls.map(([, options]) => (options as { code: string }).code);
    expect(codes.toSorted()).toEqual([
      'TRACING_METRICS_WITHOUT_HTTP',
      'TRACING_VIEWER_WITHOUT_HTTP',
    ]);
  });

  it('is nothing to warn of where no metrics are to be served', async () => {
    await startWith([TracingModule.forRoot(), TracingMetricsModule.forRoot({ path: false })]);
    expect(warn.mock.calls).toEqual([]);
  });

  it.each([
    ['express', () => new ExpressAdapter()],
    ['fastify', () => new FastifyAdapter()],
  ])('is not one that is created from a testing module: %s', async (_name, adapter) => {
    const module = await Test.createTestingModule({ imports: ALL() }).compile();
    const app = module.createNestApplication(adapter() as ExpressAdapter);
    await app.init();
    await app.close();
    expect(warn.mock.calls).toEqual([]);
  });
});
