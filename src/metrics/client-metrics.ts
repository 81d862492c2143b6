import type { Registry } from 'prom-client';
import type { RequestRecord } from '../records/request-record.js';
import { conventionalErrorType } from '../records/span-conventions.js';
import type { SingleSpanRecord } from '../records/span-record.js';
import { BoundedHistogram } from './bounded-histogram.js';
import { firstValues } from './bounded-labels.js';

/**
 * In seconds, as OpenTelemetry recommends.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#metric-dbclientoperationduration
 */
const BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The maximum number of database systems, which instrumentations and the application name. */
const MAX_SYSTEMS = 50;
/** The maximum number of kinds of errors, which a library may name as it likes. */
const MAX_ERRORS = 100;

/**
 * The metric of calls to databases and caches: all client spans with `db.system.name`, also those of
 * an OpenTelemetry SDK. Its labels name systems, operations and kinds of errors; never a statement,
 * a table, a key or a server.
 */
export class ClientMetrics {
  private readonly calls: BoundedHistogram<'db_system_name' | 'db_operation_name' | 'error_type'>;
  private readonly system = firstValues(MAX_SYSTEMS);
  private readonly error = firstValues(MAX_ERRORS);

  constructor(registry: Registry) {
    this.calls = BoundedHistogram.in(registry, {
      name: 'db_client_operation_duration_seconds',
      help: 'Duration of calls to databases and caches.',
      labelNames: ['db_system_name', 'db_operation_name', 'error_type'],
      bounded: 'db_operation_name',
      buckets: BUCKETS,
    });
  }

  /** Records a span that has ended, where it is a call to a database. */
  finish({ attributes, durationMs, failed, error }: SingleSpanRecord, trace: RequestRecord): void {
    if (attributes === undefined || durationMs === undefined) return;
    // The second is the name that instrumentations of OpenTelemetry used before.
    const system = attributes['db.system.name'] ?? attributes['db.system'];
    if (system === undefined) return;
    const labels = {
      db_system_name: this.system(String(system)),
      db_operation_name: String(
        attributes['db.operation.name'] ?? attributes['db.operation'] ?? '',
      ),
      error_type: failed ? this.error(conventionalErrorType(error, attributes)) : '',
    };
    this.calls.observe(labels, durationMs, trace);
  }
}
