import { currentTrace } from '../../context/active-trace.js';
import { runDetached } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/traced-application.js';
import { ownValue } from '../../records/own-value.js';
import { runCovered } from '../../spans/client-call.js';
import { allHeaders, type ReadCarrier, type TraceHeaders } from '../../trace/propagation.js';
import { noteSent } from '../../trace/sent-names.js';
import { batchWork } from '../batch.js';
import {
  applicationOfTrace,
  applicationProviding,
  newestApplication,
} from '../instrumented-applications.js';
import { definePatch } from '../patch.js';
import { hasMethods, providedObjects } from '../provided-class.js';

type Method = (...args: unknown[]) => unknown;

/** An instance of pg-boss, as far as jobs are added and worked on. */
interface Boss {
  start: Method;
  work: Method;
  fetch: Method;
  send: Method;
  sendAfter: Method;
  insert: Method;
  publish: Method;
}

/** A job as it comes from the database. */
interface Job {
  readonly name?: unknown;
  readonly retryCount?: unknown;
  data?: unknown;
}

const START = definePatch({
  package: 'pg-boss',
  target: 'PgBoss.prototype.start',
  gives: 'each instance, before it adds or fetches a job',
  without: 'jobs of pg-boss may not be traced',
  why: 'there is no hook where an instance is made',
});
const JOBS = definePatch({
  package: 'pg-boss',
  target: 'work, fetch, getJobById and the methods that add jobs of an instance',
  gives: 'a trace for each job, which it carries in its data',
  without: 'jobs of pg-boss are not traced',
  why: 'pg-boss has no hook, and no field of a job but its data is free',
});

/** The key in the data of a job, which is taken off before the application sees it. */
const CARRIER = 'nestjs-tracing';
/** In the carrier of a job that was added without data. */
const NO_DATA = 'no-data';

const carriers = new WeakMap<object, Readonly<Record<string, unknown>>>();

/** Lets instances of the copies of pg-boss that an application has trace their jobs. */
export function tracePgBoss(exported: object): void {
  const { PgBoss, default: byDefault } = exported as { PgBoss?: unknown; default?: unknown };
  const type = [exported, PgBoss, byDefault].find((one) => typeof one === 'function') as
    Function | undefined;
  const prototype = START.read('class', () => type?.prototype as Boss | undefined);
  if (prototype === undefined) return;
  START.method(
    prototype,
    'start',
    (start) =>
      function (this: Boss, ...args) {
        traceBoss(this);
        return runDetached((): unknown => start.apply(this, args));
      },
  );
}

/** Finds the instances that an application provides, also those of another copy. */
export function attachPgBoss({ modules }: TracedApplication): void {
  for (const provided of providedObjects(modules)) if (isBoss(provided)) traceBoss(provided);
}

/** By what users call. */
function isBoss(value: object): value is Boss {
  return hasMethods(value, 'send', 'sendAfter', 'insert', 'work', 'offWork', 'fetch', 'complete');
}

function traceBoss(boss: Boss): void {
  // The position of the data of each, and how many jobs there are.
  for (const name of ['send', 'sendAfter', 'sendThrottled', 'sendDebounced', 'publish'] as const) {
    if (hasMethods(boss, name)) traceAdding(boss, name as 'send', carryInJob);
  }
  traceAdding(boss, 'insert', carryInJobs);
  JOBS.methodOfInstance(
    boss,
    'work',
    (work) =>
      function (this: Boss, name, ...rest) {
        const handler = rest.at(-1);
        if (typeof handler !== 'function') return work.call(this, name, ...rest) as unknown;
        const [options] = rest.length > 1 ? rest : [undefined];
        // The number of its attempt is in the metadata of a job.
        const asked = { includeMetadata: true, ...(options as object | undefined) };
        const traced = tracedHandler(boss, name, handler as Method);
        // Its timers must not have the context of a request that happens to call it.
        return runDetached((): unknown => work.call(this, name, asked, traced));
      },
  );
  for (const name of ['fetch', 'getJobById'] as const) {
    if (!hasMethods(boss, name)) continue;
    JOBS.methodOfInstance(
      boss,
      name as 'fetch',
      (read) =>
        async function (this: Boss, ...args) {
          const found: unknown = await read.apply(this, args);
          for (const job of Array.isArray(found) ? (found as unknown[]) : [found]) takeCarrier(job);
          return found;
        },
    );
  }
}

function traceAdding(
  boss: Boss,
  method: 'send' | 'insert',
  carry: (args: readonly unknown[], headers: TraceHeaders) => unknown[],
): void {
  JOBS.methodOfInstance(
    boss,
    method,
    (add) =>
      function (this: Boss, ...args) {
        const trace = currentTrace();
        const application = trace && applicationOfTrace(trace);
        if (trace === undefined || application === undefined)
          return add.apply(this, args) as unknown;
        const queue = queueOf(args[0]);
        noteSent(trace, 'pg-boss', queue);
        const span = application.openSpan({
          name: `${method} ${queue}`,
          kind: 'producer',
          attributes: {
            'messaging.system': 'pg-boss',
            'messaging.operation.name': method,
            'messaging.destination.name': queue,
          },
        });
        const carried = carry(args, allHeaders(trace, span?.spanId));
        const adding = runCovered(span, (): unknown => add.apply(this, carried));
        Promise.resolve(adding).then(
          () => span?.end(),
          (error: unknown) => span?.fail(error),
        );
        return adding;
      },
  );
}

/** Its name, or that in the job or in the first of the jobs that are given instead. */
function queueOf(first: unknown): string {
  const [job] = Array.isArray(first) ? (first as unknown[]) : [first];
  const name: unknown = typeof job === 'string' ? job : (Object(job) as Job).name;
  return typeof name === 'string' ? name : '?';
}

/** The arguments are name, data, …; or one object that holds them. */
function carryInJob(args: readonly unknown[], headers: TraceHeaders): unknown[] {
  const [first, data, ...rest] = args;
  if (typeof first !== 'object' || first === null)
    return [first, withCarrier(data, headers), ...rest];
  return [{ ...first, data: withCarrier((first as Job).data, headers) }, ...args.slice(1)];
}

/** The jobs are the first argument, or from version 11 on the second. */
function carryInJobs(args: readonly unknown[], headers: TraceHeaders): unknown[] {
  return args.map((arg) =>
    Array.isArray(arg)
      ? arg.map((job: unknown) =>
          typeof job === 'object' && job !== null
            ? { ...job, data: withCarrier((job as Job).data, headers) }
            : job,
        )
      : arg,
  );
}

/**
 * Data with a trace. Arrays, primitives and instances of classes have no place for one, and stay as
 * they are.
 */
function withCarrier(data: unknown, headers: TraceHeaders): unknown {
  if (data === undefined || data === null) return { [CARRIER]: { ...headers, [NO_DATA]: 'true' } };
  if (typeof data !== 'object' || Object.hasOwn(data, CARRIER)) return data;
  const prototype: unknown = Object.getPrototypeOf(data);
  const isPlain = prototype === null || Object.getPrototypeOf(prototype) === null;
  return isPlain && !Array.isArray(data) ? { ...data, [CARRIER]: headers } : data;
}

/** Takes the trace out of the data of a job, so that the application sees what was given. */
function takeCarrier(job: unknown): void {
  if (typeof job !== 'object' || job === null) return;
  const { data } = job as Job;
  if (typeof data !== 'object' || data === null || !Object.hasOwn(data, CARRIER)) return;
  const { [CARRIER]: carrier, ...own } = data as Record<string, unknown>;
  if (typeof carrier !== 'object' || carrier === null) return;
  const headers = carrier as Readonly<Record<string, unknown>>;
  carriers.set(job, headers);
  const isNull = Object.hasOwn(headers, NO_DATA) && Object.keys(own).length === 0;
  (job as Job).data = isNull ? null : own;
}

function tracedHandler(boss: Boss, queue: unknown, handler: Method): Method {
  return (received, ...rest) => {
    const jobs = (Array.isArray(received) ? received : [received]) as readonly unknown[];
    for (const job of jobs) takeCarrier(job);
    const application = applicationProviding(boss) ?? newestApplication();
    if (application === undefined) return handler(received, ...rest);
    const { fields, ...carried } = batchWork(jobs.map(readerOf));
    const retries = jobs.length === 1 ? (Object(jobs[0]) as Job).retryCount : undefined;
    return application.runUnitOfWork(
      {
        kind: 'job',
        transport: 'pg-boss',
        handler: handler.name || undefined,
        ...carried,
        fields: {
          queue: String(queue),
          ...(typeof retries === 'number' && { attempt: retries + 1 }),
          ...fields,
        },
      },
      () => handler(received, ...rest),
    );
  };
}

function readerOf(job: unknown): ReadCarrier {
  const headers = carriers.get(Object(job) as object) ?? {};
  return (name) => ownValue(headers, name);
}
