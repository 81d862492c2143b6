import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { createLogger, format, transports, type Logform, type Logger } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { capture } from '../../../src/logging/winston/captured-entry.js';
import { traceFormat } from '../../../src/logging/formats/trace-format.js';
import { traceLogger } from '../../../src/logging/winston/trace-logger.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import type { Trace } from '../../../src/trace/trace.js';
import { LineSink, type Line } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';

const W3C = '0af7651916cd43dd8448eb211c80319c';
const { policy } = resolveOptions();
const warn = spyOnWarnings();

function inTrace(fn: (trace: Trace) => void): void {
  const carrier = { traceId: W3C, requestId: 'req-001', sessionId: 'session-1' };
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  runWithTrace(trace, () => fn(trace));
}

function loggerWith(own: Logform.Format, ofTransport?: Logform.Format) {
  const sink = new LineSink();
  const stream = { stream: sink, ...(ofTransport && { format: ofTransport }) };
  const logger = createLogger({ format: own, transports: new transports.Stream(stream) });
  return { logger, sink };
}

const ECS = {
  'trace.id': W3C,
  'transaction.id': expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
  'span.id': expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
  'http.request.id': 'req-001',
  'labels.session_id': 'session-1',
};
const OWN = { trace_id: W3C, request_id: 'req-001', session_id: 'session-1' };
const ecs = (): Logform.Format => format.combine(traceFormat({ preset: 'ecs' }), format.json());

/** Where a user may put the format, or not put it at all. */
const PLACES: Record<
  string,
  readonly [own: () => Logform.Format, ofTransport?: () => Logform.Format]
> = {
  'in front of json()': [() => format.combine(traceFormat(), format.json())],
  'between others': [
    () => format.combine(format.timestamp(), traceFormat(), format.errors(), format.json()),
  ],
  twice: [() => format.combine(traceFormat(), traceFormat(), format.json())],
  'in a transport': [format.timestamp, () => format.combine(traceFormat(), format.json())],
  'in logger and transport': [traceFormat, () => format.combine(traceFormat(), format.json())],
  nowhere: [format.json],
  'nowhere, with json() in a transport': [format.timestamp, format.json],
};

describe('traceFormat', () => {
  it.each(Object.entries(PLACES))(
    '%s: an error is spelled out',
    async (_name, [own, ofTransport]) => {
      const { logger, sink } = loggerWith(own(), ofTransport?.());
      traceLogger(logger);
      const cause = new RangeError('too far');
      inTrace(() =>
        logger.error('failed', { error: new TypeError('boom', { cause }), other: cause }),
      );
      await new Promise((resolve) => setImmediate(resolve));
      expect(sink.lines[0]).toMatchObject({
        message: 'failed',
        error: {
          name: 'TypeError',
          message: 'boom',
          stack: expect.stringContaining('trace-format.spec'),
          cause: { name: 'RangeError', message: 'too far' },
        },
        other: { name: 'RangeError', message: 'too far' },
      });
    },
  );

  it.each(Object.entries(PLACES))('%s: the ids are on the line', (_name, [own, ofTransport]) => {
    const { logger, sink } = loggerWith(own(), ofTransport?.());
    traceLogger(logger);
    inTrace(() => logger.info('paid', { amount: 12 }));
    logger.info('outside');
    const [inside, outside] = sink.lines;
    expect(inside).toMatchObject({ ...OWN, level: 'info', message: 'paid', amount: 12 });
    expect(outside).toMatchObject({
      trace_id: '-',
      request_id: '-',
      session_id: '-',
      span_id: '-',
    });
  });

  it.each([
    ['the logger', ecs(), undefined],
    ['a transport', format.timestamp(), ecs()],
    ['a transport, and another one of the logger', traceFormat(), ecs()],
  ])('with a preset, in %s, writes the names of that one alone', (_name, own, ofTransport) => {
    const { logger, sink } = loggerWith(own, ofTransport);
    traceLogger(logger);
    inTrace(() => logger.info('paid'));
    const line: Partial<Line> = { ...sink.lines[0] };
    delete line['timestamp'];
    expect(line).toEqual({ level: 'info', message: 'paid', ...ECS });
  });

  it('puts the fields of TraceContext.set on the line, and an entry’s own win', () => {
    const { logger, sink } = loggerWith(format.json());
    traceLogger(logger);
    inTrace((trace) => {
      trace.setField('user', 'alice');
      trace.setField('order', 17);
      logger.info('paid', { user: 'bob' });
    });
    expect(sink.lines[0]).toMatchObject({ user: 'bob', order: 17 });
  });

  it.each(['trace_id', 'request_id', 'session_id', 'span_id'])(
    'lets no entry and no field of TraceContext.set replace `%s`',
    (name) => {
      const { logger, sink } = loggerWith(format.combine(traceFormat(), format.json()));
      traceLogger(logger);
      inTrace((trace) => {
        trace.setField(name, 'forged');
        logger.info('one');
        logger.info('two', { [name]: 'forged' });
        logger.child({ [name]: 'forged' }).info('three');
        logger.log({ level: 'info', message: 'four', [name]: 'forged' });
      });
      expect(sink.lines).toHaveLength(4);
      for (const line of sink.lines) {
        expect(line).toMatchObject(OWN);
        expect(line.span_id).toMatch(/^[0-9a-f]{16}$/);
      }
    },
  );

  it('puts the ids of the call on any entry, even one with ids of its own', () => {
    const key = fc.oneof(fc.constantFrom('trace_id', 'request_id', '__proto__', 'a'), fc.string());
    const fields = fc.dictionary(key, fc.anything());
    const formats = [traceFormat(), format.combine(traceFormat(), traceFormat())];
    fc.assert(
      fc.property(fields, fields, fc.constantFrom(...formats), (own, ofTrace, transformer) => {
        const entries: object[] = [];
        inTrace((trace) => {
          for (const [name, value] of Object.entries(ofTrace)) trace.setField(name, value);
          entries.push(capture({ ...own, level: 'info', message: 'x' }));
        });
        const info = transformer.transform(entries[0] as Logform.TransformableInfo);
        expect(info).toMatchObject({ ...OWN, level: 'info', message: 'x' });
      }),
      { numRuns: 1000 },
    );
  });

  it('does not leave its ids on an object of the user’s', () => {
    const { logger, sink } = loggerWith(format.json());
    traceLogger(logger);
    const meta = { amount: 12 };
    inTrace(() => logger.info('paid', meta));
    expect(sink.lines[0]).toMatchObject(OWN);
    expect(meta).toEqual({ amount: 12 });
  });
});

describe('a logger that was not wrapped', () => {
  const log = (logger: Logger): void => inTrace(() => logger.info('paid'));

  it('writes no ids rather than another request’s, and says so once', () => {
    const { logger, sink } = loggerWith(format.combine(traceFormat(), format.json()));
    log(logger);
    log(logger);
    for (const line of sink.lines as Line[]) {
      expect(line).toMatchObject({ trace_id: '-', request_id: '-', session_id: '-' });
    }
    expect(warn.mock.calls).toEqual([
      [
        expect.stringContaining('traceLogger(…)'),
        { type: 'TracingWarning', code: 'TRACING_NOT_CAPTURED' },
      ],
    ]);
  });
});
