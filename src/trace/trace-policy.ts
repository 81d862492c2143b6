import type { RunningApplication } from '../records/application.js';

/** How one application makes ids where a caller gave none, and where it sends them. */
export interface TracePolicy {
  readonly application: RunningApplication;
  readonly newTraceId: () => string;
  readonly newRequestId: () => string;
  readonly newSessionId: () => string;
  /** Whether `traceId` must be a W3C id, whatever came in. */
  readonly w3cOnly: boolean;
  /** Whether an HTTP host may see request and session id; `undefined`: calls carry nothing. */
  readonly isTrustedHost: ((host: string) => boolean) | undefined;
}
