export { RequestId, SessionId, TraceId } from './context/ids.decorator.js';
export { TraceContext, type TraceSeed } from './context/trace-context.js';
export {
  tracingChannels,
  type EventChannel,
  type LogEvent,
  type RequestFinishEvent,
  type RequestStartEvent,
  type SpanFinishEvent,
} from './events/channels.js';
export { traceJson, type TraceJsonOptions } from './logs/json-format.js';
export type { LineCounts } from './logs/line-output.js';
export { traceText, type TraceTextOptions } from './logs/text-format.js';
export { traceFormat, type TraceFormatOptions } from './logs/trace-format.js';
export { traceLogger } from './logs/trace-logger.js';
export { TracingLogger } from './logs/tracing-logger.js';
export { TracingTransport } from './logs/tracing-transport.js';
export type { TracingTransportOptions } from './logs/transport-options.js';
export { TracingConfigError } from './options/tracing-config.error.js';
export type {
  AccessLogOptions,
  IdOptions,
  IdSource,
  OutgoingOptions,
  PresetName,
  SessionOptions,
  SpansOptions,
  TraceIdOptions,
  TracingModuleOptions,
} from './options/tracing-options.js';
export type { FinishRecord, Outcome, Step, WorkFields } from './trace/finish-record.js';
export type { TraceHeaders } from './trace/propagation.js';
export type { SpanAttributes, SpanKind, SpanRecord } from './trace/span-record.js';
export type {
  ReadonlyTrace,
  TraceFields,
  TraceIds,
  TraceMetadata,
  W3cOrigin,
} from './trace/trace.js';
export { Span } from './timings/span.decorator.js';
export { TracingSpanProcessor } from './timings/tracing-span-processor.js';
export { TracingModule } from './tracing.module.js';
export type { TracingModuleAsyncOptions } from './tracing.module-definition.js';
