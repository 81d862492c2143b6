import type { SpanAttributes } from '../../records/span-record.js';
import type { CallOrigin, ClientCallStart } from '../../spans/client-call.js';

/** A database that speaks SQL, as `db.system.name` names it. */
export type SqlSystem = 'postgresql' | 'mysql' | 'mariadb' | 'sqlite' | 'microsoft.sql_server';

/**
 * The name and the attributes of a statement, without any literal of it.
 *
 * @param statement what the application gave to the driver, which may be anything.
 * @param connection what is known of the server: `server.address`, `server.port`, `db.namespace`.
 * @see https://opentelemetry.io/docs/specs/semconv/database/sql/
 */
export function sqlCall(
  _origin: CallOrigin,
  system: SqlSystem,
  statement: unknown,
  connection?: SpanAttributes,
): ClientCallStart {
  const [word = ''] = typeof statement === 'string' ? (/^\s*\w+/.exec(statement) ?? []) : [];
  const operation = word.trim().toUpperCase().slice(0, 32);
  return {
    name: operation === '' ? system : operation,
    attributes: {
      'db.system.name': system,
      ...(operation !== '' && { 'db.operation.name': operation }),
      ...connection,
    },
  };
}
