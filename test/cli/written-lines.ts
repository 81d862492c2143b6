import type { Logform } from 'winston';
import winston from 'winston';
import { pino } from 'pino';
import { runWithTrace } from '../../src/context/trace-store.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { traceText } from '../../src/logging/formats/text-format.js';
import { capture } from '../../src/logging/winston/captured-entry.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { PRESET_NAMES } from '../../src/records/field.js';
import { openTrace } from '../../src/trace/open-trace.js';

const MESSAGE = Symbol.for('message');
const { policy } = resolveOptions();
const trace = openTrace({ requestId: 'req-001', sessionId: 'session-1' }, policy, {
  transport: 'test',
  startedAt: 0,
});

/** A line in a request, and the one that ends it, as a logger writes them. */
export interface WrittenLines {
  readonly entry: string;
  readonly finished: string;
  /** The service that the lines name themselves. */
  readonly named?: string;
}

const SLOW = { level: 'warn', message: 'Slow', amount: 12 };
const FINISHED = {
  ...{ level: 'info', message: 'Request finished', duration_ms: 447, handler_ms: 12.5 },
  ...{ method: 'POST', path: '/api/payment', route: '/api/payment', status_code: 201 },
  outcome: 'completed',
};

/** As a format of this package writes them. */
export function formatted(format: Logform.Format, entry: object): string {
  const captured = runWithTrace(trace, () => capture({ level: 'info', message: '', ...entry }));
  const info = format.transform(captured as Logform.TransformableInfo) as Record<symbol, string>;
  return info[MESSAGE]!;
}

function withFormat(format: Logform.Format, named?: string): WrittenLines {
  return {
    entry: formatted(format, SLOW),
    finished: formatted(format, FINISHED),
    ...(named !== undefined && { named }),
  };
}

function ofPino(): WrittenLines {
  const lines: string[] = [];
  const log = pino({}, { write: (text) => void lines.push(text.trimEnd()) });
  const request = log.child({ req: { id: 'req-001', method: 'POST', url: '/api/payment' } });
  request.warn({ amount: 12 }, 'Slow');
  request.info({ res: { statusCode: 201 }, responseTime: 447 }, 'request completed');
  return { entry: lines[0]!, finished: lines[1]! };
}

function ofWinston(): WrittenLines {
  const { combine, timestamp, json } = winston.format;
  const lineOf = (entry: object): string => {
    const info = combine(timestamp(), json()).transform({ level: 'info', message: '', ...entry });
    return (info as Record<symbol, string>)[MESSAGE]!;
  };
  const ids = { requestId: 'req-001' };
  return { entry: lineOf({ ...SLOW, ...ids }), finished: lineOf({ ...FINISHED, ...ids }) };
}

/** By the name of the logger. */
export const written: Readonly<Record<string, WrittenLines>> = {
  'this package': withFormat(traceJson({ service: 'shop' }), 'shop'),
  ...Object.fromEntries(
    PRESET_NAMES.map((preset) => [
      `this package, ${preset}`,
      withFormat(traceJson({ service: 'shop', preset }), 'shop'),
    ]),
  ),
  'this package, text': withFormat(traceText()),
  'this package, coloured text': withFormat(traceText({ colors: true })),
  pino: ofPino(),
  winston: ofWinston(),
};
