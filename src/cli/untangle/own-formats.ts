import { type Dialect, type FieldNames, placesOf } from './field-places.js';
import type { FieldMeaning } from './log-field-names.js';

/** The meanings that every logger writes itself, if it writes them at all. */
const WRITTEN: readonly FieldMeaning[] = [
  ...(['time', 'level', 'severityNumber', 'status', 'message', 'context'] as const),
  ...(['trace', 'request', 'correlation', 'session', 'span', 'transaction'] as const),
  ...(['service', 'loggerName', 'pid', 'hostname', 'process', 'machine'] as const),
  ...(['bunyanVersion', 'attributes', 'resource', 'reqMethod', 'reqUrl', 'responseTime'] as const),
];

/** A line of this package is known by its first keys, in front of all fields of a call. */
interface OwnFormat {
  /** The keys of every line: time, level and message. */
  readonly head: readonly [string, string, string];
  /** The keys after them, if the line was written in a context. */
  readonly ids: ReadonlySet<string>;
  /** Whether lines outside a context have them too. */
  readonly hasAlwaysIds: boolean;
  /** The key after the ids. */
  readonly next: string;
  readonly dialect: Dialect;
}

function ownFormat(names: FieldNames, next: string, more: readonly string[] = []): OwnFormat {
  const { time = [], level = [], message = [], trace, request, session, span, transaction } = names;
  const ids = [trace, request, session, span, transaction].flatMap((list = []) => list);
  const none = Object.fromEntries(WRITTEN.map((meaning) => [meaning, []]));
  const strict: FieldNames = { ...none, ...names };
  return {
    head: [time[0]!, level[0]!, message[0]!],
    ids: new Set([...ids, ...more]),
    hasAlwaysIds: next === 'service' && level[0] === 'level',
    next,
    // Only GCP has an object: its service.
    dialect: {
      ...placesOf(strict, (name) => (name === 'serviceContext.service' ? undefined : 'top')),
      prefers: 'known name',
    },
  };
}

const OWN_IDS: FieldNames = { request: ['request_id'], session: ['session_id'] };
export const FLAT_IDS: FieldNames = { trace: ['trace_id'], span: ['span_id'], ...OWN_IDS };
export const ECS_IDS: FieldNames = {
  ...{ trace: ['trace.id'], span: ['span.id'], transaction: ['transaction.id'] },
  ...{ request: ['http.request.id'], session: ['labels.session_id'] },
};
export const GCP_TRACE: FieldNames = {
  trace: ['logging.googleapis.com/trace'],
  span: ['logging.googleapis.com/spanId'],
};
export const DATADOG_TRACE: FieldNames = { trace: ['dd.trace_id'], span: ['dd.span_id'] };
export const ECS_LINE: FieldNames = {
  ...{ time: ['@timestamp'], level: ['log.level'], message: ['message'] },
  ...{ context: ['log.logger'], service: ['service.name'] },
};
const PLAIN_LINE: FieldNames = { time: ['timestamp'], level: ['level'], message: ['message'] };

const OWN_FORMATS: readonly OwnFormat[] = [
  ownFormat({ ...PLAIN_LINE, context: ['context'], ...FLAT_IDS, service: ['service'] }, 'service'),
  ownFormat(
    { ...PLAIN_LINE, context: ['context'], ...FLAT_IDS, service: ['service.name'] },
    ...(['service.name', ['trace_flags']] as const),
  ),
  ownFormat({ ...ECS_LINE, ...ECS_IDS }, 'service.name'),
  ownFormat(
    {
      ...{ time: ['time'], level: ['severity'], message: ['message'], context: ['context'] },
      ...{ ...GCP_TRACE, ...OWN_IDS, service: ['serviceContext.service'] },
    },
    ...(['serviceContext', ['logging.googleapis.com/trace_sampled']] as const),
  ),
  ownFormat(
    {
      ...{ time: ['timestamp'], level: ['status'], message: ['message'], context: ['logger.name'] },
      ...{ ...DATADOG_TRACE, ...OWN_IDS, service: ['service', 'dd.service'] },
    },
    'service',
  ),
];

// `JSON.parse` puts them first, wherever they were written.
const ARRAY_INDEX = /^(?:0|[1-9]\d{0,9})$/;

/** The dialect of a line of this package; `undefined` for any other line. */
export function ownDialect(keys: readonly string[]): Dialect | undefined {
  let first = 0;
  while (first < keys.length && ARRAY_INDEX.test(keys[first]!)) first++;
  for (const { head, ids, hasAlwaysIds, next, dialect: own } of OWN_FORMATS) {
    if (keys[first] !== head[0] || keys[first + 1] !== head[1] || keys[first + 2] !== head[2]) {
      continue;
    }
    let at = first + head.length;
    while (ids.has(keys[at]!)) at++;
    if (keys[at] === next && (!hasAlwaysIds || at > first + head.length)) return own;
  }
  return undefined;
}
