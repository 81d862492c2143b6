import { subscribe } from 'node:diagnostics_channel';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Span, traceFields, traceJson, traceLogger, traceTask } from 'nestjs-tracing';
import type { SpanFinishEvent } from 'nestjs-tracing';
import { createLogger, transports } from 'winston';

// The tasks of trace-task.spec.ts, in a thread or a process without NestJS. What is logged there
// goes to the test, which has another output.

interface Task {
  readonly n: number;
  readonly sleepMs?: number;
}

const lines = new BroadcastChannel('lines');
lines.unref();
const sendLine = (line: string): void => {
  if (isMainThread) process.send?.({ line });
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  else lines.postMessage(line);
};
const stream = new Writable({
  write(chunk, _encoding, next) {
    sendLine(String(chunk));
    next();
  },
});
const logger = traceLogger(
  createLogger({
    level: 'debug',
    format: traceJson({ service: 'thread' }),
    transports: [new transports.Stream({ stream })],
  }),
);
subscribe('nestjs-tracing:span:finish', (message) => {
  const { trace, span } = message as SpanFinishEvent;
  const { name, parentSpanId, spanId } = span;
  const ids = { trace_id: trace.traceId, span_id: spanId, parent_span_id: parentSpanId };
  sendLine(JSON.stringify({ level: 'debug', message: 'span', name, ...ids }));
});

class Steps {
  @Span('resize')
  async resize(n: number): Promise<number> {
    logger.info('resizing', { n });
    await sleep(1);
    return n * 2;
  }
}

const resize = traceTask(
  async ({ n, sleepMs = 0 }: Task) => {
    await sleep(sleepMs);
    const result = await new Steps().resize(n);
    logger.info('resized', { n });
    return { result, traceId: traceFields().trace_id };
  },
  { logger, name: 'resize picture' },
);

export const echo = traceTask(function echo(data: unknown) {
  const isBytes = ArrayBuffer.isView(data);
  return { data, isBytes, length: arguments.length, ids: traceFields() };
});

export const fail = traceTask(
  ({ n }: Task) => {
    throw Object.assign(new RangeError(`no picture ${n}`), { code: 'ENOPICTURE' });
  },
  { logger },
);

export default resize;

/** For a thread and a process that the test talks to itself. */
const answer = traceTask(
  (data: unknown) => {
    logger.info('message', { data });
    const reply = { data, ids: traceFields() };
    if (isMainThread) process.send?.({ reply });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    else parentPort?.postMessage({ reply });
  },
  { logger, name: 'answer' },
);
if (isMainThread) process.on('message', answer);
else if ((workerData as { byHand?: boolean } | null)?.byHand === true) {
  parentPort?.on('message', answer);
}
