import type { Attributes } from '@opentelemetry/api';
import { errorTypeOf, type AccessLogRecord } from '../records/access-log-record.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES } from '../records/fields.js';
import { redactedField, type Redaction } from '../records/redaction.js';
import type { RequestRecord } from '../records/request-record.js';
import { exportedValue, redactedAttribute } from './exported-attributes.js';

const MESSAGING_PREFIX = 'messaging.';

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
    if (attribute === undefined || !isAttributeValue(value)) continue;
    // A GraphQL request has a pattern, but is not a message.
    if (line.method !== undefined && attribute.startsWith(MESSAGING_PREFIX)) continue;
    if (!redaction.isCustom) {
      attributes[attribute] = value;
      continue;
    }
    const shown = redactedField(redaction, [name], value);
    const exported = exportedValue(redactedAttribute(attribute, shown, redaction));
    if (exported !== undefined) attributes[attribute] = exported;
  }
  const errorType = errorTypeOf(line);
  if (errorType !== undefined) attributes['error.type'] = errorType;
  return attributes;
}

function isAttributeValue(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

/** The ids for which OpenTelemetry has no field of its own. */
export function idAttributes({ requestId, sessionId }: RequestRecord): Attributes {
  return { 'request.id': requestId, ...(sessionId !== undefined && { 'session.id': sessionId }) };
}
