import { WriteStream } from 'node:fs';
import winston, { type Logger } from 'winston';

type Transport = Logger['transports'][number];

const LINE_TRANSPORTS = ['Console', 'File', 'Stream'] as const;

/** How a transport has to be called. */
export interface TransportKind {
  /** Whether it reads only the finished line, so that the entry needs no fields for it. */
  readonly readsLineOnly: boolean;
  /** Whether it only writes to a descriptor, and makes no calls that a request's trace would get. */
  readonly staysInProcess: boolean;
  /** Whether it reads the active span of OpenTelemetry when it is called. */
  readonly readsActiveSpan: boolean;
}

/**
 * What is known of a transport: winston's own read the line. A class that extends one of these may
 * read anything, and so may every other.
 */
export function transportKind(transport: Transport): TransportKind {
  const { name } = transport.constructor;
  const line = LINE_TRANSPORTS.find(
    (known) => known === name && winston.transports[known] === transport.constructor,
  );
  const isOwn = line !== undefined && !Object.hasOwn(transport, 'log');
  const { _stream: stream, isObjectMode } = transport as {
    _stream?: unknown;
    isObjectMode?: boolean;
  };
  const isFile =
    stream === process.stdout || stream === process.stderr || stream instanceof WriteStream;
  return {
    readsLineOnly: isOwn && isObjectMode !== true,
    staysInProcess: isOwn && (line !== 'Stream' || isFile),
    // https://www.npmjs.com/package/@opentelemetry/winston-transport
    readsActiveSpan: name === 'OpenTelemetryTransportV3',
  };
}
