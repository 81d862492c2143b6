import { guardedFormat } from '../winston/guarded-format.js';
import { LineOutput } from './buffered-output.js';
import { openTarget } from './log-destination.js';
import { LineTransport } from './line-transport.js';
import { checkTransportOptions, type TracingTransportOptions } from './transport-options.js';

/**
 * A winston transport that costs less than winston's own, for any logger of winston's. It gathers
 * the lines of one turn of the event loop and writes them with one call before the loop goes on,
 * or more with `bufferSize`. What was logged is written before the process ends, also by
 * `process.exit()`, an uncaught exception or an unhandled rejection; a `fatal` entry and all before
 * it at once. Only a signal without a handler can lose gathered lines.
 *
 * Logging never throws, and never blocks for the reader of a pipe, socket or terminal. What a slow
 * reader or a full disk does not accept, or is logged while the file cannot be opened again, waits, up
 * to 64 MiB, and is written later, in order and once; where the reader has gone, lines are dropped.
 * Each gives one process warning, and {@link counts} has the numbers.
 *
 * Processes may share a pipe or socket, and files: whole lines are written with one call, up to 4,096
 * bytes to a pipe or socket (512 outside of Linux). A longer line can be torn while a pipe is full.
 *
 * @publicApi
 * @throws {TracingConfigError} for a wrong option, `INVALID_DESTINATION` for a destination that cannot be
 *   opened.
 *
 * @example
 * createLogger({ format: traceJson(), transports: [new TracingTransport()] });
 *
 * @example
 * const transport = new TracingTransport({ destination: '/var/log/app.log', bufferSize: 65_536 });
 * process.on('SIGHUP', () => transport.reopen()); // After logrotate has moved the file.
 */
export class TracingTransport extends LineTransport {
  constructor(options: TracingTransportOptions = {}) {
    checkTransportOptions(options);
    const { destination, mkdir, bufferSize, flushInterval, format, ...rest } = options;
    super(new LineOutput(openTarget(destination, mkdir), { bufferSize, flushInterval }), {
      ...rest,
      // The ids are added where the transport's logger is known.
      format: format && guardedFormat(format, () => {}),
    });
  }

  /**
   * For log rotation, when the file has been moved: what was logged before goes to the old file,
   * what comes after to a new one of the same path. Lines for which the old file has no space go
   * to the new one too. Returns `false`, keeps the old file and warns once if there can be no new
   * one, as there cannot for a descriptor.
   */
  reopen(): boolean {
    return this.output.reopen();
  }
}
