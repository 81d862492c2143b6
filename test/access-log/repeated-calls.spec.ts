import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { RUN_UNIT_OF_WORK, type RunUnitOfWork } from '../../src/context/unit-of-work.js';
import { TraceContext, type TracingModuleOptions } from '../../src/index.js';
import { sqlCall } from '../../src/instrumentation/clients/sql-call.js';
import { openClientCall, originOfCall, type ClientCallStart } from '../../src/spans/client-call.js';
import { eventually } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const CODE = 'TRACING_REPEATED_CALLS';

function query(statement: string, count: number): void {
  for (let i = 0; i < count; i++) {
    const origin = originOfCall('databases');
    if (origin === undefined) return;
    openClientCall(origin, 'databases', sqlCall(origin, 'postgresql', statement)).end();
  }
}

function readCache(count: number): void {
  const start: ClientCallStart = { name: 'GET', attributes: { 'db.system.name': 'redis' } };
  for (let i = 0; i < count; i++) {
    const origin = originOfCall('caches');
    if (origin !== undefined) openClientCall(origin, 'caches', start).end();
  }
}

@Controller()
class OrdersController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Get('orders/:secret')
  list(@Param('secret') _secret: string, @Query('n') n: string): string {
    query('SELECT * FROM orders', 1);
    query("SELECT * FROM users WHERE name = 'x'", Number(n));
    return 'listed';
  }

  @Get('nested')
  nested(@Query('n') n: string): string {
    // The same query below two spans, and other queries: no parent has many of one.
    this.trace.span('first', () => query('SELECT * FROM a', Number(n)));
    this.trace.span('second', () => query('SELECT * FROM a', Number(n)));
    query('SELECT * FROM b', Number(n));
    return 'nested';
  }

  @Get('cached')
  cached(): string {
    readCache(60);
    query('SELECT * FROM a', 26);
    readCache(60);
    return 'cached';
  }

  @Get('cache-only')
  cacheOnly(): string {
    query('SELECT * FROM a', 1);
    readCache(60);
    return 'cached';
  }
}

const start = (platform: Platform, options: TracingModuleOptions = {}): Promise<TracedApp> =>
  tracedApp(platform)
    .with(options)
    .of({ controllers: [OrdersController] })
    .start();

async function requested(app: TracedApp, ...paths: string[]): Promise<void> {
  for (const path of paths) {
    expect((await app.send(path)).status).toBe(200);
  }
}

const warnings = ({ sink }: TracedApp) => sink.lines.filter(({ code }) => code === CODE);

describe.each(PLATFORMS)('equal queries of one request on %s', (platform) => {
  it('cost one warning for each route, with the whole count, in the log of the request', async () => {
    const app = await start(platform);
    await requested(app, '/orders/canary1?n=25', '/orders/canary2?n=40', '/orders/canary3?n=50');
    await eventually(() => app.sink.finished.length === 3, 'three lines');
    const [warning, ...more] = warnings(app);
    expect(more).toEqual([]);
    const line = app.sink.finished.find(({ path }) => path === '/orders/canary2');
    expect(warning).toMatchObject({
      level: 'warn',
      step: 'SELECT users',
      count: 40,
      route: 'GET /orders/:secret',
      request_id: line?.request_id,
    });
    expect(JSON.stringify(warning)).not.toContain('canary');
  });

  it('are counted for each parent, and those of a cache are none', async () => {
    const app = await start(platform);
    await requested(app, '/nested?n=25', '/cache-only', '/cached');
    await eventually(() => app.sink.finished.length === 3, 'three lines');
    expect(warnings(app)).toEqual([
      expect.objectContaining({ route: 'GET /cached', step: 'SELECT a', count: 26 }),
    ]);
  });

  it('are compared with the option, also where no access log line is written', async () => {
    const app = await start(platform, { spans: { repeated: 3 }, accessLog: false });
    await requested(app, '/nested?n=3', '/nested?n=4');
    await eventually(() => warnings(app).length === 1, 'one warning');
    expect(warnings(app)[0]).toMatchObject({ count: 4, route: 'GET /nested' });
    const without = await start(platform, { spans: { repeated: false } });
    await requested(without, '/orders/1?n=900');
    await eventually(() => without.sink.finished.length === 1, 'a line');
    expect(warnings(without)).toEqual([]);
  });
});

describe('equal queries of a job', () => {
  it('are named by its queue, in its own log', async () => {
    const app = await start('express');
    const run = app.app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
    const work = { kind: 'job', transport: 'bullmq', fields: { queue: 'mail' } } as const;
    for (let i = 0; i < 2; i++) run(work, () => query('SELECT * FROM a', 30));
    await eventually(() => app.sink.linesOf('Job finished').length === 2, 'two lines');
    const [line] = app.sink.linesOf('Job finished');
    expect(warnings(app)).toEqual([
      expect.objectContaining({ route: 'mail', count: 30, request_id: line?.request_id }),
    ]);
  });

  it('are warned of for at most 500 names', async () => {
    const app = await start('express');
    const run = app.app.get<RunUnitOfWork>(RUN_UNIT_OF_WORK, { strict: false });
    for (let i = 0; i < 510; i++) {
      const work = { kind: 'job', transport: 'bullmq', fields: { queue: `mail-${i}` } } as const;
      run(work, () => query('SELECT * FROM a', 26));
    }
    await eventually(() => app.sink.linesOf('Job finished').length === 510, 'all lines');
    expect(warnings(app)).toHaveLength(500);
  });
});
