import { subscribe } from 'node:diagnostics_channel';
import { openSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import type { RequestFinishEvent, TraceContext, TracingModuleOptions } from 'nestjs-tracing';

// Faults that a server can be given with `--fault <name>`: a soak that cannot fail proves nothing.

export interface HandMadeFault {
  readonly options?: TracingModuleOptions;
  readonly onRequest?: (request: FaultyRequest) => void;
}

interface FaultyRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly context: TraceContext;
}

const logger = new Logger('Soak');
const HOUR_MS = 3_600_000;
/** Requests of which one gets the fault. */
const RARELY = 200;
const kept: unknown[] = [];
const outside: string[] = [];
let borrowed: ((text: string) => void) | undefined;

/** True once in so many calls. */
function rarely(every: number): () => boolean {
  let count = 0;
  return () => ++count % every === 0;
}

function onceIn(every: number, act: (request: FaultyRequest) => void): HandMadeFault {
  const isDue = rarely(every);
  return { onRequest: (request) => isDue() && act(request) };
}

const numberOf = ({ url = '' }: IncomingMessage): string => /(\d+)(?:\?|$)/.exec(url)?.[1] ?? '0';

const FAULTS: Readonly<Record<string, () => HandMadeFault>> = {
  'lost-line': () => ({ options: { accessLog: { exclude: rarely(RARELY) } } }),
  'second-line': () => {
    const isDue = rarely(RARELY);
    subscribe('nestjs-tracing:request:finish', (event) => {
      if (isDue()) logger.log('Request finished', (event as RequestFinishEvent).record);
    });
    return {};
  },
  'wrong-outcome': () => finishedWith({ outcome: 'odd' }),
  'wrong-status': () => finishedWith({ status_code: 299 }),
  'foreign-ids': () =>
    onceIn(RARELY, ({ request, context }) => {
      borrowed?.(`#${numberOf(request)} in the context of another`);
      borrowed = context.bind((text: string) => logger.log(text));
    }),
  'no-ids': () => {
    // Made outside of every request.
    setInterval(() => {
      for (const seq of outside.splice(0)) logger.log(`#${seq} outside of its context`);
    }, 10).unref();
    return onceIn(RARELY, ({ request }) => outside.push(numberOf(request)));
  },
  'wrong-header': () =>
    onceIn(RARELY, ({ response }) => response.setHeader('X-Request-ID', 'of-another')),
  secret: () =>
    onceIn(20, ({ request }) => {
      const { authorization } = request.headers;
      if (authorization !== undefined) logger.log(`#${numberOf(request)} ${authorization}`);
    }),
  'not-json': () => onceIn(RARELY, () => process.stdout.write('not JSON\n')),
  'process-listener': () => onceIn(RARELY, () => process.on('SIGUSR2', () => {})),
  'server-listener': () =>
    onceIn(RARELY, ({ request }) =>
      (request.socket as unknown as { server: NodeJS.EventEmitter }).server.on('odd', () => {}),
    ),
  'socket-listener': () => onceIn(1, ({ request }) => request.socket.on('odd', () => {})),
  timer: () => onceIn(RARELY, () => setTimeout(() => {}, HOUR_MS)),
  descriptor: () => onceIn(RARELY, () => openSync('/dev/null', 'r')),
  heap: () => onceIn(1, ({ request }) => kept.push(Buffer.alloc(8192, request.url))),
  crash: () =>
    onceIn(RARELY, () => {
      setImmediate(() => {
        throw new Error('a crash');
      });
    }),
  warning: () => onceIn(RARELY, () => process.emitWarning('something is odd')),
};

/** Rarely, an access log line that says something else. */
function finishedWith(odd: object): HandMadeFault {
  const isDue = rarely(RARELY);
  return { options: { accessLog: { fields: (record) => ({ ...record, ...(isDue() && odd) }) } } };
}

export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

export function faultOf(name: string | undefined): HandMadeFault | undefined {
  return name === undefined ? undefined : FAULTS[name]?.();
}
