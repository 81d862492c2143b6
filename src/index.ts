export { RequestId, SessionId, TraceId } from './context/ids.decorator.js';
export type {
  ConsumedHeaders,
  ConsumedJob,
  ConsumedMessage,
  ConsumedWork,
} from './context/consumed-work.js';
export { TraceContext, type TraceSeed } from './context/trace-context.js';
export { traceWorker } from './instrumentation/bullmq/worker.js';
export { traceJson, type TraceJsonOptions } from './logging/formats/json-format.js';
export { traceTask, type TraceTaskOptions } from './instrumentation/workers/trace-task.js';
export { LogLevels } from './logging/log-levels.js';
export type { LevelRule, LevelRuleOptions, LevelTarget } from './options/level-rule-options.js';
export { signDebugLevel } from './trace/debug-level.js';
export type {
  FlightRecorderOptions,
  FlightRecorderReason,
} from './options/flight-recorder-options.js';
export type { LineLimitOptions, RedactOptions } from './options/redact-options.js';
export type { ClientSpansOptions, SpansOptions } from './options/span-options.js';
export type { Replacement } from './records/redaction.js';
export { traceText, type TraceTextOptions } from './logging/formats/text-format.js';
export { traceFormat, type TraceFormatOptions } from './logging/formats/trace-format.js';
export type { LineCounts } from './logging/output/buffered-output.js';
export { TracingTransport } from './logging/output/tracing-transport.js';
export type { TracingTransportOptions } from './logging/output/transport-options.js';
export { traceFields, type TraceFieldsOptions } from './logging/trace-fields.js';
export { traceLogger } from './logging/winston/trace-logger.js';
export { TracingLogger } from './logging/winston/tracing-logger.js';
export type {
  AccessLogOptions,
  IdOptions,
  IdSource,
  OutgoingOptions,
  SessionOptions,
  TraceIdOptions,
  TracingModuleOptions,
} from './options/tracing-options.js';
export type {
  AccessLogRecord,
  UnitOfWorkFields,
  UnitOfWorkKind,
} from './records/access-log-record.js';
export type { Step } from './records/step.js';
export type { Application, ApplicationContainer } from './records/application.js';
export {
  tracingChannels,
  type EventChannel,
  type RequestFinishEvent,
  type RequestStartEvent,
  type SpanFinishEvent,
} from './records/channels.js';
export type { PresetName } from './records/field.js';
export type { Outcome } from './records/fields.js';
export type { LogRecord } from './records/log-record.js';
export type {
  RequestRecord,
  TraceFields,
  TraceIds,
  TraceMetadata,
  W3cOrigin,
} from './records/request-record.js';
export type {
  SingleSpanRecord,
  SpanAttributes,
  SpanKind,
  SpanRecord,
} from './records/span-record.js';
export {
  subscribeApplication,
  type ApplicationHandlers,
  type ApplicationSubscription,
} from './records/subscribe.js';
export { TracingConfigError } from './records/tracing-config.error.js';
export { Span } from './spans/span.decorator.js';
export { SkipAccessLog } from './access-log/skip-access-log.decorator.js';
export { TracingSpanProcessor } from './spans/tracing-span-processor.js';
export type { CarriedData } from './trace/carried-data.js';
export type { TraceHeaders } from './trace/propagation.js';
export { TracingModule } from './tracing.module.js';
export type { TracingModuleAsyncOptions } from './tracing.module-definition.js';
export {
  addTracingHeaders,
  type OpenApiDocument,
  type TracingHeadersOptions,
} from './http-server/openapi-headers.js';
