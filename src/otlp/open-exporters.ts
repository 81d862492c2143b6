import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import { importPackages } from '../options/load-packages.js';
import { ExportAgent } from './export-agent.js';
import { ExportQueue, MAX_CONCURRENT_EXPORTS } from './export-queue.js';
import type { ExportedLog } from './exported-log.js';
import { endRetries } from './export-retries.js';
import { bytesOfLog, bytesOfSpan } from './held-bytes.js';
import { ENTRY, VERSIONS } from './open-telemetry.js';
import { askedProtocol, numberFromEnv, type Signal } from './otlp-environment.js';
import type { OtlpModuleOptions, OtlpProtocol } from './otlp-options.js';

/**
 * The limits of a batch processor.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor
 */
interface BatchLimits {
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
}

/** The packages of each signal and encoding. */
const PACKAGES = {
  traces: {
    '@opentelemetry/sdk-trace': openBatchProcessor,
  },
  logs: {
    '@opentelemetry/sdk-logs': () => import('@opentelemetry/sdk-logs'),
  },
  tracesAs: {
    'http/json': {
      '@opentelemetry/exporter-trace-otlp-http': () =>
        import('@opentelemetry/exporter-trace-otlp-http'),
    },
    'http/protobuf': {
      '@opentelemetry/exporter-trace-otlp-proto': () =>
        import('@opentelemetry/exporter-trace-otlp-proto'),
    },
  },
  logsAs: {
    'http/json': {
      '@opentelemetry/exporter-logs-otlp-http': () =>
        import('@opentelemetry/exporter-logs-otlp-http'),
    },
    'http/protobuf': {
      '@opentelemetry/exporter-logs-otlp-proto': () =>
        import('@opentelemetry/exporter-logs-otlp-proto'),
    },
  },
} as const;

/** What is exported. */
export interface Signals {
  readonly traces: boolean;
  readonly logs: boolean;
}

/**
 * Loads the packages that the chosen signals and encodings need, so that one error names all of them
 * that are not installed.
 *
 * @throws {TracingConfigError} `MISSING_PACKAGES`
 */
export async function loadExporters(
  options: OtlpModuleOptions,
  { traces, logs }: Signals,
): Promise<void> {
  const needed = {
    ...(traces && { ...PACKAGES.traces, ...PACKAGES.tracesAs[protocolOf(options, 'TRACES')] }),
    ...(logs && { ...PACKAGES.logs, ...PACKAGES.logsAs[protocolOf(options, 'LOGS')] }),
  };
  await importPackages(ENTRY, needed, { versions: VERSIONS });
}

/** Opens the export queue for spans. Only the packages of the chosen encoding are loaded. */
export async function openSpanQueue(
  options: OtlpModuleOptions,
): Promise<ExportQueue<ReadableSpan>> {
  const batchProcessor = await openBatchProcessor();
  const { OTLPTraceExporter } =
    protocolOf(options, 'TRACES') === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  const limits = batchLimits('OTEL_BSP', 5000);
  return new ExportQueue<ReadableSpan>({
    ...limits,
    signal: 'traces',
    bytesOf: bytesOfSpan,
    openExporter: (closed) =>
      endedWith(
        closed,
        'TRACES',
        ({ make }) => new OTLPTraceExporter(target(options, 'traces', make)),
      ),
    openProcessor: (exporter) => {
      const processor = batchProcessor(exporter, limits);
      return { add: (span) => processor.onEnd(span), shutdown: () => processor.shutdown() };
    },
  });
}

type OpenBatchProcessor = (exporter: SpanExporter, limits: BatchLimits) => SpanProcessor;

/**
 * Loads the batch processor for spans: of `sdk-trace`, or of `sdk-trace-base`, which is what
 * OpenTelemetry 2 has below 2.9, and which has other parameters.
 */
async function openBatchProcessor(): Promise<OpenBatchProcessor> {
  try {
    const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace');
    return (exporter, limits) => new BatchSpanProcessor({ ...limits, exporter });
  } catch (error) {
    const older = await import('@opentelemetry/sdk-trace-base').catch(() => undefined);
    // What is to be installed is the other one.
    if (older === undefined) throw error;
    return (exporter, limits) => new older.BatchSpanProcessor(exporter, limits);
  }
}

/** Opens the export queue for log entries. */
export async function openLogQueue(options: OtlpModuleOptions): Promise<ExportQueue<ExportedLog>> {
  const { BatchLogRecordProcessor } = await import('@opentelemetry/sdk-logs');
  const { OTLPLogExporter } =
    protocolOf(options, 'LOGS') === 'http/json'
      ? await import('@opentelemetry/exporter-logs-otlp-http')
      : await import('@opentelemetry/exporter-logs-otlp-proto');
  const limits = batchLimits('OTEL_BLRP', 1000);
  return new ExportQueue<ExportedLog>({
    ...limits,
    signal: 'logs',
    bytesOf: bytesOfLog,
    openExporter: (closed) =>
      endedWith(closed, 'LOGS', ({ make }) => new OTLPLogExporter(target(options, 'logs', make))),
    openProcessor: (exporter) => {
      const processor = new BatchLogRecordProcessor({ ...limits, exporter });
      return { add: (record) => processor.onEmit(record), shutdown: () => processor.shutdown() };
    },
  });
}

/** Makes an exporter whose connections and retries end when its queue is closed. */
function endedWith<E extends object>(
  closed: AbortSignal,
  signal: Signal,
  make: (agent: ExportAgent) => E,
): E {
  const agent = new ExportAgent(signal);
  const exporter = make(agent);
  endRetries(exporter, closed);
  closed.addEventListener('abort', () => agent.destroy(), { once: true });
  return exporter;
}

/** The options of an exporter. It reads those that are missing from the environment itself. */
function target(
  { url, headers }: OtlpModuleOptions,
  signal: 'traces' | 'logs',
  httpAgentOptions: ExportAgent['make'],
) {
  return {
    httpAgentOptions,
    // The queue counts them itself; at a shutdown one may begin just before another has ended.
    concurrencyLimit: 2 * MAX_CONCURRENT_EXPORTS,
    ...(url !== undefined && { url: `${url.replace(/\/+$/, '')}/v1/${signal}` }),
    ...(headers !== undefined && { headers: { ...headers } }),
  };
}

function protocolOf({ protocol }: OtlpModuleOptions, signal: 'TRACES' | 'LOGS'): OtlpProtocol {
  const asked = protocol ?? askedProtocol(signal);
  return asked === 'http/json' ? asked : 'http/protobuf';
}

function batchLimits(prefix: string, delay: number): BatchLimits {
  const maxQueueSize = numberFromEnv(`${prefix}_MAX_QUEUE_SIZE`, 2048);
  const maxBatchSize = numberFromEnv(`${prefix}_MAX_EXPORT_BATCH_SIZE`, 512);
  return {
    scheduledDelayMillis: numberFromEnv(`${prefix}_SCHEDULE_DELAY`, delay, 0),
    exportTimeoutMillis: numberFromEnv(`${prefix}_EXPORT_TIMEOUT`, 30_000),
    maxQueueSize,
    maxExportBatchSize: Math.min(maxBatchSize, maxQueueSize),
  };
}
