import type { IncomingMessage, ServerResponse } from 'node:http';
import { definePatch } from '../instrumentation/patch.js';
import type { RequestTracer } from './request-tracer.js';

const ROUTER_ERRORS = definePatch({
  package: 'fastify',
  target: 'the option `frameworkErrors` of an instance',
  gives: 'a trace and an access log line for a request that the router refuses',
  without: 'requests with a malformed URL or too long a parameter have no access log line',
  why: 'it is public, but is given to Fastify before the application exists; no hook runs for these requests',
});

/** An error of Fastify's router. */
interface RouterError extends Error {
  readonly code: string;
  readonly statusCode: number;
}

interface Holder<T> {
  readonly raw: T;
}

type FrameworkErrors = (
  this: unknown,
  error: RouterError,
  request: Holder<IncomingMessage>,
  reply: Holder<ServerResponse>,
) => unknown;

interface Options {
  frameworkErrors?: FrameworkErrors | undefined;
}

/**
 * Opens a trace for the requests that Fastify's router refuses before any hook runs: those with a
 * malformed URL, a parameter longer than `maxParamLength`, or a constraint that fails.
 *
 * @see https://fastify.dev/docs/latest/Reference/Server/#frameworkerrors
 */
export function traceRouterErrors(adapter: object, tracer: RequestTracer): void {
  const { getType, getInstance } = adapter as { getType?(): string; getInstance?(): unknown };
  if (getType?.call(adapter) !== 'fastify') return;
  const options = ROUTER_ERRORS.read('options', () => optionsOf(getInstance?.call(adapter)));
  if (options === undefined) return;
  // The adapter of NestJS 12 sets it, that of NestJS 11 does not.
  options.frameworkErrors ??= answerAsFastify;
  ROUTER_ERRORS.methodOfInstance(
    options as Required<Options>,
    'frameworkErrors',
    (answer) =>
      function (error, request, reply) {
        return tracer.run(request.raw, reply.raw, request, () =>
          answer.call(this, error, request, reply),
        );
      },
  );
}

/** The options that an instance reads while it runs. Its symbols are not exported. */
function optionsOf(instance: unknown): Options | undefined {
  const found = Object(instance) as object;
  const key = Object.getOwnPropertySymbols(found).find(
    ({ description }) => description === 'fastify.options',
  );
  return key && (Reflect.get(found, key) as Options | undefined);
}

/** What Fastify answers without the option. */
const answerAsFastify: FrameworkErrors = ({ code, message, statusCode }, _request, { raw }) => {
  const body =
    code === 'FST_ERR_ASYNC_CONSTRAINT'
      ? { error: 'Internal Server Error', message, statusCode }
      : { error: 'Bad Request', code, message, statusCode };
  const text = JSON.stringify(body);
  raw.writeHead(statusCode, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
  });
  raw.end(text);
};
