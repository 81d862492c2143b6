import type { RunningApplication } from '../records/application.js';

/** How an application generates ids that a caller did not send, and which hosts receive them. */
export interface TracePolicy {
  readonly application: RunningApplication;
  readonly newTraceId: () => string;
  readonly newRequestId: () => string;
  readonly newSessionId: () => string;
  /** Whether `traceId` must be a W3C trace id, even if the caller sent another id. */
  readonly w3cOnly: boolean;
  /** Whether an HTTP host may receive request and session id. `undefined`: calls carry no headers. */
  readonly isTrustedHost: ((host: string) => boolean) | undefined;
}
