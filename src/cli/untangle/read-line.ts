import { jsonValue } from '../../records/json-value.js';
import { severityOf } from '../../records/severity.js';
import { readError } from './line-error.js';
import { dialectOf } from './dialects.js';
import { EntryFields } from './entry-fields.js';
import type { Dialect } from './field-places.js';
import { firstMembers, mayRepeat } from './first-members.js';
import type { FieldMeaning } from './log-field-names.js';
import { levelOf, otelLevel, type Level } from './entry-level.js';
import { lineTime } from './line-time.js';
import type { LineOrigin } from './line-origin.js';
import type { LogLine } from './log-line.js';
import { plainValue } from './otlp-entries.js';
import { accessLogFields, isAccessLogLine, fieldsOfOtherLine } from './request-fields.js';

// Values that mean that there is no id.
const NO_ID = /^(?:-?|0{16}|0{32}|none|null|undefined)$/;
/** After the project, as in `projects/acme/traces/4bf92f35…`. */
const GCP_TRACE = /^projects\/[^/]*\/traces\//;
const SEPARATOR = '\n';
const OF_ACCESS_LOG: readonly FieldMeaning[] = [
  'method',
  'path',
  'url',
  'route',
  'status_code',
  'responseTime',
  'durationNs',
  'latency',
  'ecsOutcome',
  'query',
  'queryText',
  'user_agent',
  'error_id',
];
const OF_PINO: readonly FieldMeaning[] = ['pid', 'hostname', 'bunyanVersion'];

const fields = new EntryFields();

/**
 * A JSON entry as a log line; `undefined` for an object that is none.
 *
 * @param json the text of the entry, where it has one of its own
 * @param origin what was in front of the entry or around it
 */
export function readLine(entry: object, json?: string, origin?: LineOrigin): LogLine | undefined {
  let dialect = dialectOf(entry);
  fields.read(entry, dialect);
  if (json !== undefined && mayRepeat(json, fields.idKeys)) {
    const first = firstMembers(json);
    dialect = dialectOf(first);
    fields.read(first, dialect);
  }
  const message = messageText();
  const time = lineTime(fields.get('time'));
  const level = levelOfEntry();
  const hasLevel = level.name !== '';
  if (message === undefined ? !hasLevel || time === undefined : !hasLevel && time === undefined) {
    return undefined;
  }
  return makeLine(message ?? '', time, level, dialect, origin);
}

function makeLine(
  message: string,
  time: number | undefined,
  level: Level,
  dialect: Dialect,
  origin: LineOrigin | undefined,
): LogLine {
  const request = requestId();
  const trace = traceId(dialect, request);
  const service = serviceName() ?? origin?.service;
  const isAccessLogEntry = isAccessLogLine(fields, message);
  const context = fields.get('context');
  if (time === undefined) fields.giveBack('time');
  giveBackUnused(level, isAccessLogEntry);
  return {
    time: time ?? lineTime(origin?.time),
    level: level.name,
    severity: level.severity,
    message,
    context: context === undefined ? undefined : String(context),
    service,
    trace,
    request,
    session: id('session'),
    span: id('span'),
    key: ownKey(origin?.source, service, trace, request),
    requestFields: isAccessLogEntry ? accessLogFields(fields, message) : fieldsOfOtherLine(fields),
    isAccessLogEntry,
    error: readError(fields),
    fields: fields.otherFields(isAccessLogEntry),
  };
}

/**
 * What the lines of one request have in common. Callers may send the same id twice at once, and every
 * process may count its ids from 1. The span is no part of it: lines in a child span have that one's.
 */
function ownKey(
  source: string | undefined,
  service: string | undefined,
  trace: string | undefined,
  request: string | undefined,
): string | undefined {
  const transaction = id('transaction');
  if ((request ?? transaction ?? trace) === undefined) return undefined;
  const process = fields.get('pid') ?? fields.get('process');
  const machine = fields.get('hostname') ?? fields.get('machine');
  return keyOf([source, service, process, machine, transaction, trace, request]);
}

/** A key of what identifies a request, in any order that is always the same. */
export function keyOf(parts: readonly unknown[]): string {
  return parts.join(SEPARATOR);
}

function messageText(): string | undefined {
  const message = fields.get('message');
  if (typeof message === 'string' || message === undefined) return message;
  const body = plainValue(message);
  return typeof body === 'string' ? body : jsonValue(body);
}

function levelOfEntry(): Level {
  const level = fields.get('level');
  if (level !== undefined) return levelOf(level);
  const number = fields.get('severityNumber');
  if (typeof number === 'number') return otelLevel(number);
  const status = fields.get('status');
  const isLevel = typeof status === 'string' && severityOf(status) !== undefined;
  return levelOf(isLevel ? status : '');
}

/** Fields that are noise only in the lines of a certain logger become fields like any other. */
function giveBackUnused(level: Level, isAccessLogEntry: boolean): void {
  const status = fields.get('status');
  const isUsed =
    typeof status === 'string' ? status.toLowerCase() === level.name : isAccessLogEntry;
  if (!isUsed) fields.giveBack('status');
  if (!isAccessLogEntry) for (const meaning of OF_ACCESS_LOG) fields.giveBack(meaning);
  if (!isOfPino()) for (const meaning of OF_PINO) fields.giveBack(meaning);
}

/** Whether a line is pino's, or Bunyan's, which has the same fields. */
function isOfPino(): boolean {
  return fields.get('pid') !== undefined && fields.get('hostname') !== undefined;
}

function requestId(): string | undefined {
  const request = id('request');
  if (request === undefined) return id('correlation');
  fields.giveBack('correlation');
  return request;
}

/** With pino, a trace id without a span id may be a field of one call of many in a request. */
function traceId({ hasLooseTrace }: Dialect, request: string | undefined): string | undefined {
  const trace = id('trace')?.replace(GCP_TRACE, '');
  const isLoose = hasLooseTrace === true && request !== undefined && id('span') === undefined;
  if (!isLoose) return trace;
  fields.giveBack('trace');
  return undefined;
}

/** pino and Bunyan put the application's name there; for other loggers it is a field. */
function serviceName(): string | undefined {
  const service = fields.get('service');
  const name = fields.get('loggerName');
  if (service === undefined && name !== undefined && isOfPino()) {
    return String(name);
  }
  fields.giveBack('loggerName');
  return service === undefined ? undefined : String(service);
}

function id(meaning: FieldMeaning): string | undefined {
  const value = fields.get(meaning);
  return value === undefined ? undefined : knownId(String(value));
}

/** An id; `undefined` for a value that means that there is none. */
export function knownId(text: string): string | undefined {
  return NO_ID.test(text) ? undefined : text;
}
