import { traceFields, traceJson, traceLogger, traceTask } from 'nestjs-tracing';
import { appendFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { createLogger, transports } from 'winston';

// Runs in a process or thread of its own, which BullMQ or Bull starts and no context reaches. What
// is logged there goes to a file that the job names.

/** What of a job the processor uses, which is the same in both packages. */
interface SandboxedJob {
  readonly data: { readonly n: number; readonly lines: string; readonly putsBack?: boolean };
  readonly opts: object;
  readonly attemptsMade: number;
  readonly attemptsStarted?: number;
  /** BullMQ only. */
  moveToDelayed?(timestamp: number): Promise<void>;
}

let file: string;
const stream = new Writable({
  write(chunk, _encoding, next) {
    appendFileSync(file, String(chunk));
    next();
  },
});
const logger = traceLogger(
  createLogger({
    format: traceJson({ service: 'sandbox' }),
    transports: [new transports.Stream({ stream })],
  }),
);

async function resize(job: SandboxedJob): Promise<unknown> {
  const { data, opts, attemptsMade } = job;
  file = data.lines;
  logger.info('resizing', { n: data.n });
  await new Promise(setImmediate);
  if (data.putsBack === true && job.attemptsStarted === 1) {
    await job.moveToDelayed?.(Date.now() + 10);
    throw Object.assign(new Error('later'), { name: 'DelayedError' });
  }
  if (data.n === 2 && attemptsMade === 0) throw new Error('not yet');
  logger.info('resized', { n: data.n });
  const fields = [...Object.keys(job), ...Object.keys(opts)];
  return { ids: traceFields(), isCarrierSeen: fields.includes('nestjs-tracing') };
}

export default traceTask(resize, { logger });
