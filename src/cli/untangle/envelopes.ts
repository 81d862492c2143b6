import { lineTime } from './line-time.js';
import type { LineOrigin } from './line-origin.js';

/** What is inside an entry of a log shipper. */
export interface Enveloped {
  /** The line that a process has written. */
  readonly body: string;
  readonly origin: LineOrigin;
  /** Whether the line may continue in the next one of its channel. */
  readonly isPartial: boolean;
  /** An entry under the usual names, for a body that is none; `undefined` to show the body as text. */
  readonly entry: object | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const DOCKER: ReadonlySet<string> = new Set(['log', 'stream', 'time', 'attrs']);
const CLOUDWATCH: ReadonlySet<string> = new Set([
  ...['timestamp', 'message', 'ingestionTime', 'eventId', 'id', 'logStreamName', 'logGroupName'],
  ...['ptr', '@timestamp', '@message', 'extractedFields'],
]);
const LAMBDA: ReadonlySet<string> = new Set([
  ...['timestamp', 'level', 'requestId', 'message', 'traceId', 'tenantId', 'xrayTraceId'],
]);
const LAMBDA_REQUEST = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
/** A longer `log` is cut by docker. */
const DOCKER_PART = 16_000;
/** RFC 5424, 6.2.1: the numbers of syslog's severities. */
const PRIORITIES = ['emerg', 'alert', 'crit', 'error', 'warning', 'notice', 'info', 'debug'];
const UNIT = /\.(?:service|scope)$/;

/**
 * What an entry of docker, Kubernetes, journald, CloudWatch or Lambda contains; `undefined` for the
 * entry of any other writer, whose message is only text.
 */
export function openEnvelope(entry: object): Enveloped | undefined {
  const json = entry as Json;
  if (typeof json['log'] === 'string') return openLog(json, json['log']);
  if (Object.hasOwn(json, 'MESSAGE')) return openJournal(json);
  if (typeof json['message'] === 'string') return openMessage(json, json['message']);
  return undefined;
}

/** The events in an answer of CloudWatch; `undefined` for any other entry. */
export function cloudWatchEvents(entry: object): readonly object[] | undefined {
  const { events } = entry as Json;
  if (!Array.isArray(events) || Object.hasOwn(entry, 'message')) return undefined;
  const all = events.filter((event): event is object => typeof Object(event) === typeof event);
  return all.every((event) => isOnly(event, CLOUDWATCH)) ? all : undefined;
}

/** docker's `json-file`, or what fluent-bit makes of it. */
function openLog(json: Json, log: string): Enveloped | undefined {
  const { kubernetes, stream, time } = json;
  const isDocker = typeof stream === 'string' && isOnly(json, DOCKER);
  if (!isDocker && !isObject(kubernetes)) return undefined;
  const names = isObject(kubernetes) ? kubernetes : {};
  const pod = textOf(names['pod_name']);
  const service = textOf(names['container_name']);
  const source = [pod, service].filter((part) => part !== undefined).join('/');
  return {
    body: log,
    origin: originOf(source, service, time ?? json['@timestamp'] ?? json['date'], stream),
    isPartial: isDocker && !log.endsWith('\n') && (log.length >= DOCKER_PART || log[0] === '{'),
    entry: undefined,
  };
}

/** @see https://systemd.io/JOURNAL_EXPORT_FORMATS/#journal-json-format */
function openJournal(json: Json): Enveloped | undefined {
  const body = journalText(json['MESSAGE']);
  if (body === undefined) return undefined;
  const unit = textOf(json['_SYSTEMD_UNIT']) ?? textOf(json['_SYSTEMD_USER_UNIT']);
  const name = textOf(json['SYSLOG_IDENTIFIER']) ?? textOf(json['_COMM']);
  const service = unit?.replace(UNIT, '') ?? name;
  const source = [json['_HOSTNAME'], unit ?? name, json['_PID']].map(textOf).join(' ');
  const time = textOf(json['_SOURCE_REALTIME_TIMESTAMP']) ?? json['__REALTIME_TIMESTAMP'];
  const level = PRIORITIES[Number(textOf(json['PRIORITY']))];
  return {
    body,
    origin: originOf(source, service, time, undefined),
    isPartial: false,
    entry: { time, message: body, ...(level !== undefined && { level }) },
  };
}

/** An event of CloudWatch, or a line that Lambda has wrapped. The message of others is text. */
function openMessage(json: Json, message: string): Enveloped | undefined {
  const { timestamp, requestId, logStreamName: stream } = json;
  // Others may write just a time and a message, but not as a number.
  const isEvent = typeof timestamp === 'number' && isOnly(json, CLOUDWATCH);
  const isLambda =
    typeof requestId === 'string' && LAMBDA_REQUEST.test(requestId) && isOnly(json, LAMBDA);
  if (!isEvent && !isLambda) return undefined;
  const source = textOf(stream) ?? '';
  return {
    body: message,
    origin: originOf(source, undefined, timestamp, undefined),
    isPartial: false,
    entry: json,
  };
}

function originOf(
  source: string,
  service: string | undefined,
  time: unknown,
  stream: unknown,
): LineOrigin {
  const channel = typeof stream === 'string' ? `${source}\n${stream}` : source;
  return { source, channel, service, time: lineTime(time) };
}

/** Text that is not UTF-8, or has control characters, is a list of bytes. */
function journalText(message: unknown): string | undefined {
  if (typeof message === 'string') return message;
  if (!Array.isArray(message)) return undefined;
  return message.every((byte) => typeof byte === 'number')
    ? Buffer.from(message).toString()
    : textOf(message[0]);
}

function isOnly(json: object, names: ReadonlySet<string>): boolean {
  return Object.keys(json).every((name) => names.has(name));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
