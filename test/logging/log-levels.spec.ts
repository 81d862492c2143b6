import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Query } from '@nestjs/common';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, format, transports } from 'winston';
import {
  LogLevels,
  signDebugLevel,
  TraceContext,
  traceJson,
  traceLogger,
  TracingLogger,
  type LevelTarget,
  type TracingModuleOptions,
} from '../../src/index.js';
import { verbosity } from '../../src/logging/verbosity.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const KEY = 'a key of sixteen characters or more';
const HOUR_MS = 3_600_000;

const ownSink = new LineSink();
const ownLogger = traceLogger(
  createLogger({
    level: 'info',
    format: format.json(),
    transports: new transports.Stream({ stream: ownSink }),
  }),
);

@Controller('api')
class UsersController {
  private readonly logger = new Logger('Users');

  constructor(
    private readonly trace: TraceContext,
    private readonly tracing: TracingLogger,
  ) {}

  @Get('users')
  async users(@Query('user') user = 'u-1', @Query('call') call = ''): Promise<object> {
    this.trace.set('user', user);
    await sleep(2);
    this.logger.debug('looked up', { of: user });
    ownLogger.debug('own', { of: user });
    ownLogger.child({ part: 'child' }).debug('own child');
    this.logger.verbose('verbose');
    if (call !== '') await fetch(call);
    return {
      nest: this.tracing.isLevelEnabled('debug'),
      own: ownLogger.isDebugEnabled(),
    };
  }

  static go: () => void = () => {};
  static readonly gate = { opened: Promise.resolve() };

  @Get('later')
  async later(@Query('n') n: string): Promise<void> {
    this.logger.log('begun');
    await UsersController.gate.opened;
    this.logger.debug('later', { n });
  }

  @Get('console')
  print(@Query('user') user: string): void {
    this.trace.set('user', user);
    console.debug('printed %d', 1);
    console.debug('printed 2');
  }

  @Get('others')
  others(): void {
    this.logger.debug('other');
  }
}

function start(platform: Platform, options: TracingModuleOptions = {}): Promise<TracedApp> {
  const sink = new LineSink();
  ownSink.clear();
  const logger = createLogger({
    levels: { fatal: 0, error: 1, warn: 2, info: 3, debug: 4, verbose: 5 },
    level: 'info',
    format: traceJson({ service: 'test' }),
    transports: new transports.Stream({ stream: sink }),
  });
  return tracedApp(platform, sink)
    .with({ logger, ...options })
    .of({ controllers: [UsersController] })
    .start();
}

function debugs(sink: LineSink): Line[] {
  return sink.lines.filter(({ level }) => level === 'debug');
}

describe.each(PLATFORMS)('levels while the application runs on %s', (platform) => {
  it.each<[string, LevelTarget, string]>([
    ['session', { sessionId: 's-1' }, '/api/users'],
    ['request', { requestId: 'r-1' }, '/api/users'],
    ['trace', { traceId: 'r-1' }, '/api/users'],
    ['route', { route: '/api/users' }, '/api/users'],
    ['handler', { handler: 'UsersController.users' }, '/api/users'],
    ['field', { field: { user: 'u-42' } }, '/api/users?user=u-42'],
    ['number in a field', { field: { user: 42 } }, '/api/users?user=42'],
  ])('log one %s at debug, and nothing else', async (_kind, target, path) => {
    const { app, send, sink } = await start(platform);
    const levels = app.get(LogLevels);
    const headers = { 'x-session-id': 's-1', 'x-request-id': 'r-1' };
    const off = await (await send(path, { headers })).json();
    expect(off).toEqual({ nest: false, own: false });
    const id = levels.set(target, 'debug');
    const [on] = await Promise.all([
      send(path, { headers }).then((response) => response.json()),
      send('/api/others'),
      send('/api/others', { headers: { 'x-session-id': 's-2' } }),
    ]);
    expect(on).toEqual({ nest: true, own: true });
    await sink.finishes(4);
    expect(debugs(sink)).toHaveLength(1);
    expect(debugs(sink)[0]).toMatchObject({ message: 'looked up', request_id: 'r-1' });
    expect(debugs(sink)[0]).not.toHaveProperty('recorded');
    expect(sink.lines.filter(({ level }) => level === 'verbose')).toEqual([]);
    expect(ownSink.lines).toMatchObject([
      { message: 'own', level: 'debug', request_id: 'r-1' },
      { message: 'own child', part: 'child', request_id: 'r-1' },
      // Of npm's levels, on which this logger is, `verbose` is above `debug`.
    ]);
    expect(levels.clear(id)).toBe(1);
    await send(path, { headers });
    await sink.finishes(5);
    expect(debugs(sink)).toHaveLength(1);
    expect(verbosity.sources).toBe(0);
  });

  it('are each asked, where one request has several', async () => {
    const { app, send, sink } = await start(platform);
    const levels = app.get(LogLevels);
    const headers = { 'x-session-id': 's-1', 'x-request-id': 'r-1' };
    const verbose = (): number => sink.lines.filter(({ level }) => level === 'verbose').length;
    levels.set({ sessionId: 's-1' }, 'info');
    levels.set({ requestId: 'r-1' }, 'debug');
    levels.set({ traceId: 'r-1' }, 'verbose', { entries: 1 });
    await send('/api/users', { headers });
    await sink.finishes(1);
    expect([debugs(sink).length, verbose()]).toEqual([1, 1]);
    // The rule with one entry is gone.
    await send('/api/users', { headers });
    await sink.finishes(2);
    expect([debugs(sink).length, verbose()]).toEqual([2, 1]);
    // Each request has written three: with NestJS's logger, with winston's and with its child.
    expect(levels.list()).toMatchObject([{ level: 'info' }, { level: 'debug', entries: 9994 }]);
  });

  it('hold for requests that are in flight when they are set', async () => {
    const { app, send, sink } = await start(platform);
    const levels = app.get(LogLevels);
    UsersController.gate.opened = new Promise((resolve) => (UsersController.go = resolve));
    const running = Array.from({ length: 20 }, (_, n) =>
      send(`/api/later?n=${n}`, { headers: { 'x-session-id': `s-${n % 2}` } }),
    );
    await eventually(() => sink.linesOf('begun').length === 20, '20 requests');
    levels.set({ sessionId: 's-1' }, 'debug');
    UsersController.go();
    await Promise.all(running);
    await sink.finishes(20);
    const ids = debugs(sink).map(({ n }) => Number(n) % 2);
    expect(ids).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('leave a logger off that was turned off', async () => {
    const { app, send, sink } = await start(platform);
    app.get(LogLevels).set({ route: '/api/users' }, 'debug');
    app.get(TracingLogger).setLogLevels([]);
    expect(await (await send('/api/users')).json()).toMatchObject({ nest: false });
    await sleep(20);
    expect(debugs(sink)).toEqual([]);
  });

  it('end after their time and after their number of entries', async () => {
    const { app, send, sink } = await start(platform);
    const levels = app.get(LogLevels);
    levels.set({ route: '/api/others' }, 'debug', { entries: 3 });
    levels.set({ route: '/api/users' }, 'debug', { forMs: 30 });
    expect(levels.list()).toMatchObject([
      { target: { route: '/api/others' }, level: 'debug', entries: 3 },
      { target: { route: '/api/users' }, level: 'debug' },
    ]);
    for (let i = 0; i < 5; i++) await send('/api/others');
    await sleep(40);
    await send('/api/users');
    await sink.finishes(6);
    expect(debugs(sink).map(({ message }) => message)).toEqual(['other', 'other', 'other']);
    expect(levels.list()).toEqual([]);
    expect(verbosity.sources).toBe(0);
  });

  it('are at most a hundred, and checked', async () => {
    const { app } = await start(platform);
    const levels = app.get(LogLevels);
    for (let i = 0; i < 100; i++) levels.set({ sessionId: `s-${i}` }, 'debug');
    expect(() => levels.set({ sessionId: 'another' }, 'debug')).toThrow('TOO_MANY_LEVEL_RULES');
    levels.set({ sessionId: 's-5' }, 'verbose');
    expect(levels.list()).toHaveLength(100);
    expect(levels.clear()).toBe(100);
    const wrong: unknown[][] = [
      [{}, 'debug'],
      [null, 'debug'],
      [{ sessionId: '' }, 'debug'],
      [{ sessionId: 'a', route: '/b' }, 'debug'],
      [{ user: 'a' }, 'debug'],
      [{ field: {} }, 'debug'],
      [{ field: { a: {} } }, 'debug'],
      [{ route: 'x'.repeat(2000) }, 'debug'],
      [{ route: '/a' }, 'nothing'],
      [{ route: '/a' }, 'constructor'],
      [{ route: '/a' }, 'debug', { forMs: 3_600_001 }],
      [{ route: '/a' }, 'debug', { forMs: Number.NaN }],
      [{ route: '/a' }, 'debug', { entries: 0 }],
      [{ route: '/a' }, 'debug', { until: 1 }],
    ];
    for (const args of wrong) {
      expect(() => Reflect.apply(levels.set, levels, args)).toThrow(/Fix: /);
    }
    expect(levels.list()).toEqual([]);
  });

  it('are for one request with a signed header, which goes to trusted hosts alone', async () => {
    const { send, sink } = await start(platform, {
      debugKey: KEY,
      outgoing: { trusted: ['localhost'] },
      trustIncoming: false,
    });
    const received: (string | undefined)[] = [];
    const behind = createServer(({ headers }, response) => {
      received.push(headers['x-debug-level'] as string | undefined);
      response.end();
    }).listen(0);
    const { port } = behind.address() as { port: number };
    const now = Math.floor(Date.now() / 1000);
    const good = signDebugLevel(KEY, 'debug', now + 60);
    const call = (value: string | undefined): Promise<Response> =>
      send(`/api/users?call=http://localhost:${port}`, {
        headers: value === undefined ? {} : { 'x-debug-level': value },
      });
    await call(good);
    await sink.finishes(1);
    expect(debugs(sink)).toHaveLength(1);
    expect(received).toEqual([good]);
    const refused = [
      undefined,
      signDebugLevel('another key of sixteen characters', 'debug', now + 60),
      signDebugLevel(KEY, 'debug', now - 1),
      signDebugLevel(KEY, 'debug', now + 8000),
      signDebugLevel(KEY, 'constructor', now + 60),
      good.replace('debug', 'verbose'),
      `${good}, ${good}`,
      good.toUpperCase(),
      good.slice(0, -1),
      `debug;expires=${now + 60}`,
      'debug',
      `${'x'.repeat(8000)};sig=`,
    ];
    for (const value of refused) await call(value);
    const lines = await sink.finishes(1 + refused.length);
    expect(lines).toHaveLength(1 + refused.length);
    expect(debugs(sink)).toHaveLength(1);
    // An unknown level is proved, and may be known behind.
    expect(received.slice(1).filter((value) => value !== undefined)).toEqual([refused[4]]);
    expect(sink.raw.join('\n')).not.toContain('sig=');
    behind.close();
  });

  it('are valid for an hour at most', async () => {
    const { app } = await start(platform);
    const levels = app.get(LogLevels);
    const before = Date.now();
    levels.set({ sessionId: 's-1' }, 'debug', { forMs: HOUR_MS });
    levels.set({ sessionId: 's-2' }, 'debug');
    const after = Date.now();
    for (const { expiresAt } of levels.list()) {
      expect(expiresAt).toBeGreaterThanOrEqual(before + HOUR_MS);
      expect(expiresAt).toBeLessThanOrEqual(after + HOUR_MS);
    }
    for (const forMs of [HOUR_MS + 1, 0, -1, Number.POSITIVE_INFINITY]) {
      expect(() => levels.set({ sessionId: 's-3' }, 'debug', { forMs })).toThrow('options.forMs');
    }
    expect(levels.list()).toHaveLength(2);
    levels.clear();
  });

  it('hold for `console`, each entry of which counts once', async () => {
    const { app, send, sink } = await start(platform, { console: true });
    app.get(LogLevels).set({ field: { user: 'u-42' } }, 'debug', { entries: 3 });
    await send('/api/console?user=u-1');
    await send('/api/console?user=u-42');
    await send('/api/console?user=u-42');
    await sink.finishes(3);
    expect(debugs(sink)).toMatchObject(
      [1, 2, 1].map((n) => ({ message: `printed ${n}`, context: 'console', user: 'u-42' })),
    );
    expect(debugs(sink)).toHaveLength(3);
  });

  it('accept the header that the example of `signDebugLevel` makes', async () => {
    const { url, sink } = await start(platform, { debugKey: KEY });
    const value = signDebugLevel(KEY, 'debug', new Date(Date.now() + 60_000));
    expect(value).toMatch(/^debug;expires=\d{10};sig=[\da-f]{64}$/);
    await fetch(`${url}/api/others`, { headers: { 'X-Debug-Level': value } });
    await fetch(`${url}/api/others`);
    await sink.finishes(2);
    expect(debugs(sink)).toMatchObject([{ message: 'other' }]);
    expect(debugs(sink)).toHaveLength(1);
  });

  it('ignore the header without a key', async () => {
    const { send, sink } = await start(platform);
    const value = signDebugLevel(KEY, 'debug', new Date(Date.now() + 60_000));
    await send('/api/users', { headers: { 'x-debug-level': value } });
    await sink.finishes(1);
    expect(debugs(sink)).toEqual([]);
  });
});
