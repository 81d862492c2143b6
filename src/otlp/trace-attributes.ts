import type { Attributes, AttributeValue } from '@opentelemetry/api';
import { errorTypeOf, type AccessLogRecord } from '../records/access-log-record.js';
import { accessLogField, ACCESS_LOG_FIELD_NAMES, type AccessLogField } from '../records/fields.js';
import { queryText } from '../records/query-text.js';
import { redactedField, type Redaction } from '../records/redaction.js';
import type { RequestRecord } from '../records/request-record.js';
import { exportedValue, redactedAttribute } from './exported-attributes.js';
import { ownText } from './own-text.js';

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
    const plain = attributeValue(value);
    if (attribute === undefined || plain === undefined) continue;
    // A GraphQL request has a pattern, but is not a message.
    if (line.method !== undefined && attribute.startsWith(MESSAGING_PREFIX)) continue;
    if (!redaction.isCustom) {
      attributes[attribute] = plain;
      continue;
    }
    const shown = redactedField(redaction, [name], value);
    const named = redactedAttribute(attribute, shown, redaction);
    const exported = named === value ? plain : exportedValue(named);
    if (exported !== undefined) attributes[attribute] = exported;
  }
  const errorType = errorTypeOf(line);
  if (errorType !== undefined) attributes['error.type'] = errorType;
  return attributes;
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
