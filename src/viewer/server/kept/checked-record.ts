import { ACCESS_LOG_FIELDS, isOutcome } from '../../../records/fields.js';
import type { ViewLine, ViewRequest, ViewSpan } from '../../view-records.js';
import { cut, MAX_MESSAGE, MAX_TEXT } from '../text-limits.js';

/*
 * What is read from a disk may be damaged, or have been written by anybody. It has the shape of a
 * record afterwards, or is no record.
 */

/** The value as it may be shown; `undefined` for one that is not of its type. */
type Check = (value: unknown) => unknown;
type Shape = Readonly<Record<string, Check>>;

const MAX_SPANS = 10_000;
const MAX_ENTRIES = 64;

const message: Check = (value) => (typeof value === 'string' ? cut(value, MAX_MESSAGE) : undefined);
const text: Check = (value) => (typeof value === 'string' ? cut(value, MAX_TEXT) : undefined);
const number: Check = (value) => (Number.isFinite(value) ? value : undefined);
const flag: Check = (value) => (typeof value === 'boolean' ? value : undefined);
const matching =
  (pattern: RegExp): Check =>
  (value) =>
    typeof value === 'string' && pattern.test(value) ? value : undefined;
const hex = (length: number): Check => matching(new RegExp(`^[\\da-f]{${length}}$`));
const list: Check = (value) =>
  Array.isArray(value) ? value.slice(0, MAX_ENTRIES).flatMap((one) => text(one) ?? []) : undefined;
const spanKind = matching(/^(?:internal|client|producer|server)$/);

/** Fields or attributes: no value is larger than those that the viewer itself keeps. */
const fields: Check = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ENTRIES)
      .filter(([, one]) => JSON.stringify(one).length <= MAX_TEXT * 2)
      .map(([name, one]) => [cut(name, MAX_TEXT), text(one) ?? one]),
  );
};

const attributes: Check = (value) => {
  const known = fields(value);
  if (known === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(known as object).filter(([, one]) => typeof one !== 'object'),
  );
};

const IDS: Shape = { traceId: text, requestId: text, sessionId: text };

const SPAN: Shape = {
  type: matching(/^span$/),
  service: text,
  w3cTraceId: hex(32),
  name: message,
  kind: spanKind,
  startedAt: number,
  spanId: hex(16),
  parentSpanId: hex(16),
  duration_ms: number,
  failed: flag,
  count: number,
  attributes,
  error: message,
};
const REQUIRED_OF_SPAN = ['type', 'service', 'w3cTraceId', 'name', 'kind', 'startedAt'];

const spans: Check = (value) =>
  Array.isArray(value)
    ? value.slice(0, MAX_SPANS).flatMap((one) => shaped(one, SPAN, REQUIRED_OF_SPAN) ?? [])
    : undefined;

const BY_TYPE = { string: text, number, list, record: fields };
const ACCESS_LOG_SHAPE = Object.fromEntries(
  Object.entries(ACCESS_LOG_FIELDS).flatMap(([name, { type }]) =>
    Object.hasOwn(BY_TYPE, type) ? [[name, BY_TYPE[type as keyof typeof BY_TYPE]]] : [],
  ),
);

const REQUEST: Shape = {
  ...ACCESS_LOG_SHAPE,
  ...IDS,
  outcome: (value) => (isOutcome(value) || value === 'interrupted' ? value : undefined),
  type: matching(/^request$/),
  key: text,
  service: text,
  kind: matching(/^(?:request|message|job|run)$/),
  w3cTraceId: hex(32),
  spanId: hex(16),
  parentSpanId: hex(16),
  startedAt: number,
  fields,
  error: message,
  spans,
  droppedSpans: number,
};
const REQUIRED_OF_REQUEST = [
  ...['type', 'key', 'service', 'kind', 'traceId', 'w3cTraceId', 'spanId', 'startedAt'],
];

const LINE: Shape = {
  ...IDS,
  type: matching(/^line$/),
  key: text,
  service: text,
  time: number,
  level: text,
  message,
  w3cTraceId: hex(32),
  spanId: hex(16),
  context: text,
  fields,
  error: message,
};
const REQUIRED_OF_LINE = ['type', 'service', 'time', 'level', 'message'];

/** A record with nothing but what a record has; `undefined` for anything else. */
export function checkedRecord(value: unknown): ViewRequest | ViewSpan | ViewLine | undefined {
  const record =
    shaped(value, LINE, REQUIRED_OF_LINE) ??
    shaped(value, REQUEST, REQUIRED_OF_REQUEST) ??
    shaped(value, SPAN, REQUIRED_OF_SPAN);
  return record as ViewRequest | ViewSpan | ViewLine | undefined;
}

function shaped(
  value: unknown,
  shape: Shape,
  required: readonly string[],
): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const has = (name: string): boolean =>
    Object.hasOwn(value, name) && shape[name]!(Reflect.get(value, name)) !== undefined;
  if (!required.every(has)) return undefined;
  const record: Record<string, unknown> = {};
  for (const [name, check] of Object.entries(shape)) {
    const checked = Object.hasOwn(value, name) ? check(Reflect.get(value, name)) : undefined;
    if (checked !== undefined) record[name] = checked;
  }
  return record;
}
