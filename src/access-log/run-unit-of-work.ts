import type { RunUnitOfWork, UnitOfWork } from '../context/unit-of-work.js';
import { deliveries } from '../context/delivery.js';
import { activeSpan, endSdkSpan, runWithSdkSpan, startSdkSpan } from '../context/sdk-spans.js';
import { enterTrace, resumeTrace } from '../context/trace-store.js';
import { tracingChannels } from '../records/channels.js';
import type { ResolvedTracingOptions } from '../options/resolve-options.js';
import { filterBaggage } from '../trace/baggage.js';
import type { UnitOfWorkFields, UnitOfWorkKind } from '../records/access-log-record.js';
import type { Outcome } from '../records/fields.js';
import { conventionalKind, conventionalName, workAttributes } from '../records/span-conventions.js';
import { adoptCloudHeader, CLOUD_HEADERS, isCloudHeader } from '../trace/cloud-headers.js';
import { openTrace, type TraceCarrier } from '../trace/open-trace.js';
import { carrierText } from '../trace/carrier-text.js';
import { carrierOf, type ReadCarrier } from '../trace/propagation.js';
import { callerSpan, type SdkSpan } from '../trace/sdk-span.js';
import { keepThrown } from '../trace/thrown.js';
import type { DebugLevel } from '../trace/debug-level.js';
import type { LiveMetadata, Trace } from '../trace/trace.js';
import { addSource, removeSource } from '../logging/verbosity.js';
import { parseTraceparent } from '../trace/traceparent.js';
import type { AccessLog } from './access-log.js';
import type { Ending } from '../spans/following.js';
import { mayRepeatCalls } from '../spans/repeated-calls.js';
import { followAwaited } from '../spans/follow-result.js';
import { buildRecord } from './build-record.js';
import { runWithTrace } from '../context/trace-store.js';

const OUTCOMES: Readonly<Record<Ending, Outcome>> = {
  done: 'completed',
  failed: 'errored',
  left: 'aborted',
};
const MESSAGES: Readonly<Record<UnitOfWork['kind'], string>> = {
  message: 'Message finished',
  job: 'Job finished',
  run: 'Run finished',
};
/** How long, and for how many entries, a sender may have its message logged at a level. */
const ASKED_MS = 600_000;
const ASKED_ENTRIES = 1000;
const NOTHING: TraceCarrier = Object.freeze({ isTrusted: false });

/** Makes the function that runs messages, jobs and runs. The options are resolved once. */
export function unitOfWorkRunner(
  options: ResolvedTracingOptions,
  accessLog: AccessLog,
): RunUnitOfWork {
  return <T>(work: UnitOfWork, fn: () => T): T => {
    const carrier = carrierFor(work, options);
    if (work.isContextOnly === true) {
      const part = openTrace(carrier, options.policy, new WorkMetadata(work));
      part.recording = null;
      return runWithTrace(part, fn);
    }
    const sdkSpan = startWorkSpan(work, carrier);
    const delivery = deliveries.getStore();
    const trace = openTrace(
      carrier,
      options.policy,
      new WorkMetadata(work),
      sdkSpan?.spanContext(),
    );
    // A level without a signature is this message's own: it costs others nothing once it has ended.
    const isRaised = work.logLevel !== undefined && trace.debugLevel?.entries !== undefined;
    if (isRaised) addSource(trace);
    const end = (ending: Ending, ...thrown: [error?: unknown]): void => {
      if (trace.finished) return;
      const [error] = thrown;
      // What the filters of a message have made of it is less than what was thrown.
      if (ending === 'failed' && thrown.length > 0 && trace.thrown === undefined) {
        keepThrown(trace, error);
      }
      trace.finished = true;
      if (ending === 'failed') delivery?.noteFailed(trace, error);
      options.policy.application.inFlight--;
      if (sdkSpan !== undefined) endSdkSpan(sdkSpan, ending === 'failed', error);
      if (mayRepeatCalls(trace)) resumeTrace(trace, () => accessLog.warnOfRepeatedCalls(trace));
      if (accessLog.isWanted) {
        const outcome = OUTCOMES[ending];
        const explanation = accessLog.explain(trace, outcome, undefined);
        const record = buildRecord(trace, outcome, undefined, explanation);
        resumeTrace(trace, () => accessLog.end(trace, record, MESSAGES[work.kind]));
        trace.thrown = undefined;
      }
      if (isRaised) removeSource(trace);
    };
    const run = <R>(next: () => R): R => runWithSdkSpan(sdkSpan, () => resumeTrace(trace, next));
    const first = (): T => {
      const { requestStart } = tracingChannels;
      options.policy.application.inFlight++;
      if (requestStart.hasSubscribers) requestStart.publish({ trace });
      work.onLeave?.(() => end('left'));
      let result: unknown;
      try {
        result = fn();
      } catch (error) {
        end('failed', error);
        throw error;
      }
      return followAwaited({ run, end }, result) as T;
    };
    // One that is not part of another must not see the store of the code that delivers it.
    const isInner = (work.parent ?? work.carrier) !== undefined;
    return runWithSdkSpan(sdkSpan, () => enterTrace(trace, isInner, first));
  };
}

/** Starts the span of a unit of work where an OpenTelemetry SDK is registered. */
function startWorkSpan(work: UnitOfWork, { traceparent }: TraceCarrier): SdkSpan | undefined {
  const { transport, fields = {} } = work;
  const caller = callerSpan(traceparent);
  // An instrumentation of the transport has started one for this message.
  const isContinued =
    caller !== undefined && activeSpan()?.spanContext().traceId === caller.traceId;
  return startSdkSpan({
    name: conventionalName(transport, fields),
    kind: conventionalKind(work),
    attributes: Object.fromEntries(
      workAttributes(work, fields).map(({ name, value }) => [name, value]),
    ),
    parent: isContinued ? undefined : (caller ?? null),
  });
}

/** What is known of a message, job or run. */
class WorkMetadata implements LiveMetadata {
  readonly kind: UnitOfWorkKind;
  readonly transport: string;
  readonly startedAt = Date.now();
  readonly isCall: boolean | undefined;
  work: UnitOfWorkFields | undefined;
  handler: string | undefined;

  constructor({ kind, transport, fields, handler, isCall }: UnitOfWork) {
    this.kind = kind;
    this.transport = transport;
    this.isCall = isCall;
    this.work = fields;
    this.handler = handler;
  }

  nameHandler(name: string): void {
    this.handler ??= name;
  }
}

/** The trace to continue: the one that came with the unit of work, or else that of its parent. */
function carrierFor(work: UnitOfWork, options: ResolvedTracingOptions): TraceCarrier {
  const { carrier, read, parent, sessionId, hasOwnRequestId = false } = work;
  if (carrier !== undefined) return carrier;
  const isTrusted = parent === undefined ? options.trustsMessages : parent.origin.isTrusted;
  const own = read === undefined ? NOTHING : isTrusted ? readCarrier(read, options) : NOTHING;
  if (parent === undefined) {
    const debugLevel = askedLevel(work, isTrusted, options);
    return { ...own, sessionId: own.sessionId ?? sessionId, debugLevel, isTrusted, received: read };
  }
  const outer = carrierOf(parent);
  const isContinued = own.traceparent !== undefined && parseTraceparent(own.traceparent);
  return {
    ...(isContinued ? own : outer),
    requestId: own.requestId ?? (hasOwnRequestId ? undefined : outer.requestId),
    sessionId: own.sessionId ?? sessionId ?? outer.sessionId,
    debugLevel: outer.debugLevel ?? askedLevel(work, isTrusted, options),
    isTrusted,
    received: receivedWith(read, parent),
  };
}

/** The level that the sender asks for in the message itself: for a time, and for some entries. */
function askedLevel(
  { logLevel }: UnitOfWork,
  isTrusted: boolean,
  { policy }: ResolvedTracingOptions,
): DebugLevel | undefined {
  if (logLevel === undefined || !isTrusted || policy.debugKey !== undefined) return undefined;
  return { level: logLevel, expiresMs: Date.now() + ASKED_MS, entries: ASKED_ENTRIES };
}

/** A message may be copied from as well as the request or connection that it belongs to. */
function receivedWith(read: ReadCarrier | undefined, parent: Trace): ReadCarrier {
  return (name) => [read?.(name), parent.received(name)].flat();
}

function readCarrier(read: ReadCarrier, options: ResolvedTracingOptions): TraceCarrier {
  const text = (name: string): string | undefined => {
    try {
      return carrierText(read(name));
    } catch {
      // The object that holds the headers may be anything, also one that throws.
      return undefined;
    }
  };
  const { requestId, traceId, session, baggage } = options;
  const id = (name: string, validate: (value: string) => boolean): string | undefined => {
    const value = text(name);
    return value !== undefined && validate(value) ? value : undefined;
  };
  const carrier: TraceCarrier = {
    traceparent: text('traceparent'),
    tracestate: text('tracestate'),
    baggage: filterBaggage(text('baggage'), baggage),
    requestId: id('x-request-id', requestId.validate),
    sessionId: id('x-session-id', session.validate),
  };
  const { sources = CLOUD_HEADERS } = traceId;
  for (const source of sources) {
    const name = typeof source === 'string' ? source.toLowerCase() : '';
    if (isCloudHeader(name) && adoptCloudHeader(carrier, name, undefined, (_, key) => text(key))) {
      break;
    }
  }
  return carrier;
}
