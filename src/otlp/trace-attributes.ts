import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { errorTypeOf, type AccessLogRecord } from '../records/access-log-record.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES, type AccessLogField } from '../records/fields.js';
import { readProperty } from '../records/error-fields.js';
import { queryText } from '../records/query-text.js';
import { redactedField, type Redaction } from '../records/redaction.js';
import type { RequestRecord } from '../records/request-record.js';
import {
  serverAttributes,
  workAttributes,
  type ConventionalAttribute,
} from '../records/span-conventions.js';
import { exportedValue, redactedAttribute } from './exported-attributes.js';
import { ownText } from './own-text.js';

const MESSAGING_PREFIX = 'messaging.';
const GRPC = { ok: 0, cancelled: 1, unknown: 2 };

/**
 * The attributes of a request, message, job or run. Their names are those of the semantic
 * conventions and come from the table of fields. An application can redact them by either name.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export function requestAttributes(
  request: RequestRecord,
  line: AccessLogRecord,
  redaction: Redaction,
): Attributes {
  const attributes = idAttributes(request);
  for (const name of ACCESS_LOG_FIELD_NAMES) {
    const { attribute } = accessLogField(name);
    const value = line[name];
    const plain = attributeValue(value);
    if (attribute === undefined || plain === undefined) continue;
    // What they say of it depends on what it is, see below.
    if (attribute.startsWith(MESSAGING_PREFIX)) continue;
    if (!redaction.isCustom) {
      attributes[attribute] = plain;
      continue;
    }
    const shown = redactedField(redaction, [name], value);
    const named = redactedAttribute(attribute, shown, redaction);
    const exported = named === value ? plain : exportedValue(named);
    if (exported !== undefined) attributes[attribute] = exported;
  }
  const described = line.method === undefined ? ofWork(request, line) : ofRequest(request);
  for (const { name, value, field } of described) {
    const exported = redaction.isCustom
      ? exportedValue(redactedAttribute(name, asField(field, value, line, redaction), redaction))
      : exportedValue(value);
    if (exported !== undefined) attributes[name] = exported;
  }
  const errorType = errorTypeOf(line);
  if (errorType !== undefined) attributes['error.type'] = errorType;
  return attributes;
}

/** The value, unless the application hides the field that it is of, or is a part of. */
function asField(
  field: AccessLogField | undefined,
  value: AttributeValue,
  line: AccessLogRecord,
  redaction: Redaction,
): unknown {
  if (field === undefined) return value;
  const shown = redactedField(redaction, [field], line[field]);
  return shown === line[field] ? value : shown;
}

function ofRequest({ metadata }: RequestRecord): ConventionalAttribute[] {
  return Object.entries(serverAttributes(metadata)).map(([name, value]) => ({ name, value }));
}

function ofWork({ kind, metadata }: RequestRecord, line: AccessLogRecord): ConventionalAttribute[] {
  const attributes = workAttributes({ ...metadata, kind }, line);
  if (metadata.transport !== 'grpc') return attributes;
  return [...attributes, { name: 'rpc.grpc.status_code', value: grpcStatusOf(line) }];
}

/**
 * The status that NestJS answers a call with: the code of the error that was thrown, or UNKNOWN.
 *
 * @see https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
function grpcStatusOf({ outcome, error }: AccessLogRecord): number {
  if (outcome !== 'errored') return outcome === 'aborted' ? GRPC.cancelled : GRPC.ok;
  const given = typeof error === 'object' && error !== null ? error : {};
  // An RpcException keeps what it was made of.
  const inner = Object(readProperty(given, 'error')) as object;
  const code = readProperty(inner, 'code') ?? readProperty(given, 'code');
  const isStatus = typeof code === 'number' && Number.isInteger(code) && code > 0 && code <= 16;
  return isStatus ? code : GRPC.unknown;
}

/** Texts and numbers as they are; a list of texts, and the parameters of a URL as one text. */
function attributeValue(value: AccessLogRecord[AccessLogField]): AttributeValue | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (!Array.isArray(value))
    return typeof value === 'object' ? ownText(queryText(value)) : undefined;
  return value.filter((one): one is string => typeof one === 'string').map(ownText);
}

/** The ids for which OpenTelemetry has no field of its own. */
export function idAttributes({ requestId, sessionId }: RequestRecord): Attributes {
  return { 'request.id': requestId, ...(sessionId !== undefined && { 'session.id': sessionId }) };
}
