import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  config,
  createLogger,
  format,
  transports,
  type Logform,
  type LoggerOptions,
} from 'winston';
import {
  LogLevels,
  subscribeApplication,
  TraceContext,
  traceJson,
  traceLogger,
  traceText,
  TracingTransport,
  type TracingModuleOptions,
} from '../../src/index.js';
import { heldByRecordings } from '../../src/trace/recording.js';
import { eventually, LineSink, type Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const PAUSE_MS = 40;

@Controller()
class OrdersController {
  private readonly logger = new Logger('Orders');

  constructor(private readonly trace: TraceContext) {}

  @Get('fails')
  async fails(): Promise<never> {
    this.trace.set('tenant', 'acme');
    this.logger.debug('kept', { n: 1, password: 'p4ssw0rd', card: { pan: '4111', kind: 'visa' } });
    this.logger.debug('kept too', { hidden: true });
    await sleep(PAUSE_MS);
    this.logger.log('written');
    throw new Error('broken');
  }

  @Get('works')
  works(): string {
    this.logger.debug('kept', { n: 1 });
    return 'works';
  }
}

afterEach(() => {
  const { bytes, recordings } = heldByRecordings();
  if (bytes + recordings !== 0) throw new Error(`${recordings} recordings are still held`);
});

/** An application with such a logger, which has failed once. */
async function failed(
  platform: Platform,
  logger: LoggerOptions,
  options: TracingModuleOptions = {},
  path = '/fails',
): Promise<TracedApp> {
  const traced = await tracedApp(platform)
    .with({ logger: createLogger({ level: 'info', ...logger }), flightRecorder: true, ...options })
    .of({ controllers: [OrdersController] })
    .start();
  await traced.send(path);
  return traced;
}

const jsonSink = (sink: LineSink, own: Logform.Format = traceJson({ service: 'test' })) => ({
  format: own,
  transports: new transports.Stream({ stream: sink }),
});
const withText = (sink: LineSink, text: string): Line[] =>
  sink.lines.filter((line) => line.message.includes(text));

/** Checks that an entry has the time of its call. */
function expectEarlier(entry: unknown, written: unknown): void {
  const ms = Date.parse(String(written)) - Date.parse(String(entry));
  expect(ms).toBeGreaterThanOrEqual(PAUSE_MS - 5);
}

describe.each(PLATFORMS)('recorded entries on %s', (platform) => {
  it.each([
    ['otel', 'timestamp', 'level', 'debug', ['trace_id', 'trace_flags', 'request_id']],
    ['ecs', '@timestamp', 'log.level', 'debug', ['trace.id', 'transaction.id', 'http.request.id']],
    ['gcp', 'time', 'severity', 'DEBUG', ['logging.googleapis.com/trace', 'request_id']],
    ['datadog', 'timestamp', 'status', 'debug', ['dd.trace_id', 'request_id']],
  ] as const)('have the fields of the preset %s', async (preset, time, level, name, ids) => {
    const sink = new LineSink();
    await failed(platform, jsonSink(sink, traceJson({ preset, service: 'test' })));
    await sink.finishes(1);
    const [kept] = withText(sink, 'kept') as [Line];
    const [written] = withText(sink, 'written') as [Line];
    expect(kept).toMatchObject({ [level]: name, recorded: true, n: 1, tenant: 'acme' });
    expect(kept['password']).toBe('[redacted]');
    for (const id of ids) {
      if (id in written) expect(kept[id]).toBe(written[id]);
    }
    expect(ids.filter((id) => id in written).length).toBeGreaterThan(1);
    expect(Object.keys(kept).filter((key) => key.includes('trace'))).toEqual(
      Object.keys(written).filter((key) => key.includes('trace')),
    );
    expectEarlier(kept[time], written[time]);
  });

  it('are readable as text', async () => {
    const texts: string[] = [];
    const stream = new Writable({
      write: (chunk: unknown, _encoding, next) => {
        texts.push(String(chunk));
        next();
      },
    });
    await failed(platform, {
      format: traceText({ context: true }),
      transports: new transports.Stream({ stream }),
    });
    await eventually(() => texts.some((text) => text.includes('Request finished')), 'the line');
    const kept = texts.filter((text) => text.includes('kept'));
    expect(kept).toHaveLength(2);
    expect(kept[0]).toMatch(/ - DEBUG - \[req=[^|]+\|session=[^\]]+\] - .*Orders.* kept/);
    expect(kept[0]).toContain('recorded=true');
    expect(kept[0]).not.toContain('p4ssw0rd');
  });

  it.each<[string, TracingModuleOptions['redact'], object]>([
    ['by default', undefined, { password: '[redacted]', card: { pan: '4111', kind: 'visa' } }],
    ['not at all', false, { password: 'p4ssw0rd', card: { pan: '4111', kind: 'visa' } }],
    [
      'by path',
      { paths: ['card.pan'], replace: () => '[gone]' },
      { password: '[gone]', card: { pan: '[gone]', kind: 'visa' } },
    ],
  ])('are redacted %s', async (_name, redact, expected) => {
    const sink = new LineSink();
    await failed(platform, jsonSink(sink), { redact });
    await sink.finishes(1);
    expect(withText(sink, 'kept')[0]).toMatchObject({ recorded: true, ...expected });
  });

  it('go through a format that filters, and one that adds fields', async () => {
    const sink = new LineSink();
    const filter = format((info) => (info['hidden'] === true ? false : info));
    const changed = format((info) => Object.assign(info, { changed: info['recorded'] ?? false }));
    const copied = format((info) => ({ ...info, copied: true }));
    const own = format.combine(filter(), changed(), copied(), format.timestamp(), format.json());
    await failed(platform, jsonSink(sink, own));
    await sink.finishes(1);
    expect(withText(sink, 'kept')).toMatchObject([
      { message: 'kept', recorded: true, changed: true, copied: true, tenant: 'acme' },
    ]);
    expect(withText(sink, 'written')).toMatchObject([{ changed: false, copied: true }]);
    expectEarlier(
      withText(sink, 'kept')[0]!['timestamp'],
      withText(sink, 'written')[0]!['timestamp'],
    );
  });

  it('have the time of their call under the format of a transport, too', async () => {
    const [line, fields] = [new LineSink(), new LineSink()];
    // One of them reads what the logger's format has written, the other one the entry.
    const own = format.combine(format.timestamp(), format.json());
    await failed(platform, {
      format: traceJson({ service: 'test' }),
      transports: [
        new transports.Stream({ stream: line }),
        new transports.Stream({ stream: fields, format: own }),
      ],
    });
    await Promise.all([line.finishes(1), fields.finishes(1)]);
    for (const sink of [line, fields]) {
      const [kept] = withText(sink, 'kept');
      expectEarlier(kept!['timestamp'], withText(sink, 'written')[0]!['timestamp']);
      expect(kept).toMatchObject({ recorded: true });
    }
  });

  it('have it once under a whole line of a transport, behind another format', async () => {
    const sink = new LineSink();
    await failed(platform, {
      transports: new transports.Stream({ stream: sink, format: traceJson({ service: 'test' }) }),
    });
    await sink.finishes(1);
    const [kept] = withText(sink, 'kept') as [Line];
    expectEarlier(kept['timestamp'], withText(sink, 'written')[0]!['timestamp']);
    expect(Object.keys(kept).filter((key) => key.includes('timestamp'))).toEqual(['timestamp']);
  });

  it('have a time of their own if they were given one', async () => {
    const sink = new LineSink();
    const { app } = await failed(
      platform,
      jsonSink(sink, format.combine(format.timestamp(), format.json())),
    );
    const logger = new Logger('Own');
    expect(() =>
      app.get(TraceContext).run({}, () => {
        logger.debug('own', { timestamp: 'yesterday', recorded: 'on tape' });
        throw new Error('broken');
      }),
    ).toThrow('broken');
    await eventually(() => withText(sink, 'own').length === 1, 'the entry');
    expect(withText(sink, 'own')[0]).toMatchObject({
      timestamp: 'yesterday',
      recorded: true,
      _recorded: 'on tape',
    });
  });

  describe('where a transport is more verbose than its logger', () => {
    it('come to the others, and no second time to it', async () => {
      const [usual, verbose, errors] = [new LineSink(), new LineSink(), new LineSink()];
      const traced = await failed(
        platform,
        {
          format: traceJson({ service: 'test' }),
          transports: [
            new transports.Stream({ stream: usual }),
            new transports.Stream({ stream: verbose, level: 'debug' }),
            new transports.Stream({ stream: errors, level: 'error' }),
          ],
        },
        {},
        '/works',
      );
      await usual.finishes(1);
      expect(withText(usual, 'kept')).toEqual([]);
      expect(withText(verbose, 'kept')).toHaveLength(1);
      const seen: string[] = [];
      const subscription = subscribeApplication(traced.app, {
        onLog: ({ text }) => void seen.push(text),
      });
      await traced.send('/fails');
      await usual.finishes(2);
      subscription.unsubscribe();
      expect(withText(usual, 'kept').map(({ message }) => message)).toEqual(['kept', 'kept too']);
      expect(withText(usual, 'kept')[0]).toMatchObject({ recorded: true, n: 1, context: 'Orders' });
      expect(withText(verbose, 'kept').map(({ message }) => message)).toEqual([
        'kept',
        'kept',
        'kept too',
      ]);
      expect(withText(verbose, 'kept').some((line) => 'recorded' in line)).toBe(false);
      expect(withText(errors, 'kept')).toEqual([]);
      expect(seen.filter((text) => text.startsWith('kept'))).toEqual(['kept', 'kept too']);
    });

    it('are raised for the others by a rule', async () => {
      const [usual, verbose] = [new LineSink(), new LineSink()];
      const { app, send } = await failed(
        platform,
        {
          format: traceJson({ service: 'test' }),
          transports: [
            new transports.Stream({ stream: usual }),
            new transports.Stream({ stream: verbose, level: 'debug' }),
          ],
        },
        { flightRecorder: false },
        '/works',
      );
      await usual.finishes(1);
      app.get(LogLevels).set({ route: '/works' }, 'debug');
      await send('/works');
      await usual.finishes(2);
      expect(withText(usual, 'kept')).toHaveLength(1);
      expect(withText(verbose, 'kept')).toHaveLength(2);
    });

    it('are not kept where it is the only one', async () => {
      const sink = new LineSink();
      await failed(platform, {
        format: traceJson({ service: 'test' }),
        transports: new transports.Stream({ stream: sink, level: 'debug' }),
      });
      await sink.finishes(1);
      expect(withText(sink, 'kept').map((line) => line['recorded'])).toEqual([
        undefined,
        undefined,
      ]);
    });

    it('come to the others, if all of them write to files', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'recorded-lines-'));
      const files = { usual: join(folder, 'usual'), verbose: join(folder, 'verbose') };
      const own = [
        new TracingTransport({ destination: files.usual }),
        new TracingTransport({ destination: files.verbose, level: 'debug' }),
      ];
      const read = (file: string): Line[] =>
        readFileSync(file, 'utf8')
          .split('\n')
          .filter((text) => text !== '')
          .map((text) => JSON.parse(text) as Line);
      await failed(platform, { format: traceJson({ service: 'test' }), transports: own });
      await eventually(() => {
        for (const transport of own) transport.flush();
        return read(files.usual).some(({ message }) => message === 'Request finished');
      }, 'the line');
      const kept = (file: string): unknown[] =>
        read(file)
          .filter(({ message }) => message.startsWith('kept'))
          .map((line) => [line.message, line['recorded']]);
      expect(kept(files.usual)).toEqual([
        ['kept', true],
        ['kept too', true],
      ]);
      expect(kept(files.verbose)).toEqual([
        ['kept', undefined],
        ['kept too', undefined],
      ]);
      rmSync(folder, { recursive: true });
    });
  });

  it('are written after an error that was itself written because of a rule', async () => {
    const sink = new LineSink();
    const levels = { fatal: 0, error: 1, warn: 2, info: 3, debug: 4 };
    const options = { flightRecorder: { when: ['error'] as const } };
    const { app } = await failed(
      platform,
      { ...jsonSink(sink), levels, level: 'fatal' },
      options,
      '/works',
    );
    app.get(LogLevels).set({ requestId: 'r-1' }, 'error');
    const work = (): void => {
      new Logger('X').debug('below');
      new Logger('X').error('raised');
    };
    app.get(TraceContext).run({ requestId: 'r-1' }, work);
    await eventually(() => sink.raw.length >= 2, 'two entries');
    expect(sink.lines.map((line) => [line.message, line['recorded']])).toEqual([
      ['raised', undefined],
      ['below', true],
    ]);
  });

  it.each([
    ['logger', 0],
    ['transport', 2],
  ])('are not written by a silent %s', async (silent, count) => {
    const [loud, quiet] = [new LineSink(), new LineSink()];
    const { app } = await failed(platform, {
      format: traceJson({ service: 'test' }),
      silent: silent === 'logger',
      transports: [
        new transports.Stream({ stream: loud }),
        new transports.Stream({ stream: quiet, silent: true }),
      ],
    });
    const seen: string[] = [];
    const subscription = subscribeApplication(app, {
      onLog: ({ entry, text }) => entry['recorded'] === true && seen.push(text),
    });
    expect(() =>
      app.get(TraceContext).run({}, () => {
        new Logger('X').debug('inside');
        throw new Error('broken');
      }),
    ).toThrow('broken');
    await sleep(20);
    subscription.unsubscribe();
    expect(withText(loud, 'kept')).toHaveLength(count);
    expect(quiet.raw).toEqual([]);
    expect(seen).toEqual(silent === 'logger' ? [] : ['inside']);
  });
});

describe('recorded entries of a logger with other levels', () => {
  const OWN = { fatal: 0, bad: 1, good: 2, detail: 3 };

  it.each<[string, LoggerOptions, string, (string | number)[][]]>([
    ['syslog', { levels: config.syslog.levels, level: 'notice' }, 'crit', [['info'], ['debug']]],
    ['syslog', { levels: config.syslog.levels, level: 'notice' }, 'warning', []],
    ['cli', { levels: config.cli.levels, level: 'info' }, 'error', [['debug']]],
    ['own', { levels: OWN, level: 'good' }, 'bad', [['detail']]],
    ['own', { levels: OWN, level: 'good' }, 'good', []],
  ])('are written after a severe one of %s: %#', async (_name, options, written, expected) => {
    const sink = new LineSink();
    const logger = traceLogger(createLogger({ ...options, ...jsonSink(sink, format.json()) }));
    const { app } = await tracedApp('express')
      .with({ flightRecorder: { when: ['error'], level: 'verbose' } })
      .start();
    app.get(TraceContext).run({ requestId: 'r-1' }, () => {
      for (const name of ['info', 'debug', 'detail']) {
        if (name in logger.levels && !logger.isLevelEnabled(name)) logger.log(name, 'below');
      }
      logger.log(written, 'at once');
    });
    await eventually(() => sink.raw.length === 1 + expected.length, 'the lines');
    expect(sink.lines).toMatchObject([
      { level: written, message: 'at once', request_id: 'r-1' },
      ...expected.map(([level]) => ({
        level,
        message: 'below',
        recorded: true,
        request_id: 'r-1',
      })),
    ]);
  });
});
