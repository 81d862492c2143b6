import {
  checkBoolean,
  checkKeys,
  checkRecord,
  checkString,
  invalid,
  ownedBy,
} from '../../options/check-value.js';
import { TRANSPORT } from '../../options/option-places.js';
import { BACKLOG_BYTES } from './buffered-output.js';
import type { TransportOptions } from './line-transport.js';

/** What {@link TracingTransport} takes: where and when lines are written, and winston's own. */
export interface TracingTransportOptions extends TransportOptions {
  /**
   * A file descriptor, or the path of a file or named pipe. A file is created and appended to; its
   * folder has to exist, unless {@link mkdir} is set. Writing never waits for the reader of a pipe,
   * socket or terminal. Default: standard output, or standard error where MCP is served on standard
   * output.
   */
  destination?: number | string;
  /** Whether the folder of a file is created where it is missing. Default: `false`. */
  mkdir?: boolean;
  /**
   * Bytes that are gathered before they are written, at most 67,108,864. Default 0: the lines
   * of one turn of the event loop are written with one call before the loop goes on.
   */
  bufferSize?: number;
  /** Milliseconds that a line may wait in a `bufferSize` above 0. Default 1,000. */
  flushInterval?: number;
}

// The largest that the system and a timer accept.
const MAX_DESCRIPTOR = 2 ** 31 - 1;
const MAX_INTERVAL_MS = 2 ** 31 - 1;

/** @throws {TracingConfigError} for the first option that is wrong. */
export function checkTransportOptions(options: TracingTransportOptions): void {
  ownedBy(TRANSPORT.owner, () => checkEach(options));
}

function checkEach(options: TracingTransportOptions): void {
  checkRecord('options', options);
  checkKeys(TRANSPORT, options);
  const { destination, bufferSize, flushInterval, format, level } = options;
  if (typeof destination === 'number') checkWhole('destination', destination, MAX_DESCRIPTOR);
  else checkString('destination', destination);
  checkWhole('bufferSize', bufferSize, BACKLOG_BYTES);
  checkWhole('flushInterval', flushInterval, MAX_INTERVAL_MS);
  if (format !== undefined && typeof format?.transform !== 'function') {
    throw invalid('format', format, 'a winston format, such as `traceJson()`');
  }
  checkString('level', level);
  for (const name of ['mkdir', 'silent', 'handleExceptions', 'handleRejections'] as const) {
    checkBoolean(name, options[name]);
  }
}

function checkWhole(name: string, value: number | undefined, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
  throw invalid(name, value, `a whole number from 0 to ${max}`);
}
