import { activeSpan } from '../../context/sdk-spans.js';
import { isWrappedBySdk } from './sdk-wrapper.js';

/** What a client of a cluster or by way of Sentinel asks on its own. */
const ADMINISTRATION: ReadonlySet<unknown> = new Set([
  'ASKING',
  'CLUSTER',
  'READONLY',
  'READWRITE',
  'SENTINEL',
]);

/** Whether a client sends it for itself. */
export function isAdministration(command: unknown): boolean {
  return ADMINISTRATION.has(command);
}

/** What OpenTelemetry's instrumentation replaces: methods of the clients of each copy. */
interface Instrumented {
  readonly sendCommand: unknown;
}

const clients = new Set<Instrumented>();

/** Notes the prototype of the clients of a copy that the application has. */
export function noteClients(prototype: Instrumented): void {
  clients.add(prototype);
}

/**
 * Whether OpenTelemetry's instrumentation makes spans of commands: in a batch, one for each. It may
 * be for another copy than the one that sends: the channels do not say which one that is.
 */
export function isRecordedByOther(): boolean {
  for (const { sendCommand } of clients) {
    if (isWrappedBySdk(sendCommand)) return activeSpan() !== undefined;
  }
  return false;
}
