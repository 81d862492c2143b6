import { isOutcome } from '../../records/access-log-record.js';
import { jsonValue, readProperty } from '../../records/json-value.js';

/** The fields of a finish line that its short form says. */
const SHOWN = new Set([
  'method',
  'path',
  'route',
  'transport',
  'pattern',
  'queue',
  'job',
  'mcp_method',
  'mcp_tool',
  'status_code',
  'outcome',
  'duration_ms',
  'handler_ms',
  'parent_span_id',
  'steps',
]);

/** Whether an entry is a finish line, and not one that happens to have such names. */
export function isAccessLogEntry(entry: object): boolean {
  return (
    isOutcome(readProperty(entry, 'outcome')) &&
    typeof readProperty(entry, 'duration_ms') === 'number' &&
    (typeof readProperty(entry, 'path') === 'string' ||
      typeof readProperty(entry, 'transport') === 'string')
  );
}

/** Whether the short form says a field already. */
export function isInAccessLogText(key: string): boolean {
  return SHOWN.has(key);
}

/**
 * What became of a request, message, job or run, for people:
 * ` POST /api/payment 201 completed 447.486ms`, ` tcp payment.charge completed 12.9ms`.
 */
export function accessLogText(entry: object): string {
  const word = (key: string, unit = ''): string => {
    const value = readProperty(entry, key);
    return typeof value === 'string' || typeof value === 'number' ? ` ${value}${unit}` : '';
  };
  return (
    word('method') +
    word('path') +
    word('transport') +
    word('pattern') +
    word('queue') +
    word('job') +
    word('mcp_method') +
    word('mcp_tool') +
    word('status_code') +
    word('outcome') +
    word('duration_ms', 'ms')
  );
}

/** Deeper steps stand no further to the right. */
const MAX_INSET = 20;

/** The steps of a failed request, each on a line of its own below it. */
export function stepsText(entry: object): string[] {
  const steps = readProperty(entry, 'steps');
  if (!Array.isArray(steps)) return [];
  return steps.map((step: unknown) => {
    const of = (key: string): unknown => readProperty(Object(step) as object, key);
    const took = of('duration_ms') === undefined ? 'did not end' : `${String(of('duration_ms'))}ms`;
    const mark = of('failed') === true ? ' failed' : '';
    const times = typeof of('count') === 'number' ? ` in ${String(of('count'))} calls` : '';
    const inset = '  '.repeat(Math.min(Number(of('depth')) || 0, MAX_INSET));
    return `${inset}+${jsonValue(of('start_ms'))}ms ${String(of('name'))} ${took}${times}${mark}`;
  });
}
