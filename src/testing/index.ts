export { captureLogs, type CaptureLogsOptions } from './capture-logs.js';
export type { ExpectedEntry, ExpectedFields } from './expected-entry.js';
export type { FinishedOptions, LogCapture } from './log-capture.js';
export type { LoggedEntry } from './logged-entry.js';
export type { RecordedStep } from './recorded-step.js';
export type { ExpectedStep, RepeatedStepsOptions, StepName } from './step-matchers.js';
export { tracingMatchers, type TracingMatchers } from './matchers.js';
export { createTraceContext, withTrace } from './with-trace.js';
