import type { PresetName } from '../records/field.js';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, LoggerOptions } from 'winston';
import type { AccessLogRecord } from '../records/access-log-record.js';
import type { FlightRecorderOptions } from './flight-recorder-options.js';
import type { LineLimitOptions } from './redact-options.js';
import type { SpansOptions } from './span-options.js';

/**
 * Where an id may come from: the name of a request header, or a function that reads the request
 * (Node's own, on Fastify too). A value that is not valid is ignored.
 */
export type IdSource = string | ((request: IncomingMessage) => string | undefined);

/** How one kind of id is found, checked and made. */
export interface IdOptions {
  /** In this order, first valid wins; replaces the sources in the table of ids. */
  sources?: readonly IdSource[] | undefined;
  /** Replaces the rule of 1 to 128 characters of `A-Z a-z 0-9 _ . : @ / + = -`. */
  validate?: ((value: string) => boolean) | undefined;
  /** Makes an id when no source has one. */
  generate?: (() => string) | undefined;
  /** The response header, or `false` for none. */
  header?: string | false | undefined;
}

/** How the trace id is found, checked and made. */
export interface TraceIdOptions extends IdOptions {
  /**
   * Where it is looked for where no `traceparent` is valid: in this order, first valid wins. The
   * headers of clouds and of Zipkin are read by their formats: `x-amzn-trace-id`,
   * `x-cloud-trace-context`, `b3`, and `x-b3-traceid` with those that belong to it. Default: these
   * four, in this order. `[]` leaves all of them out.
   *
   * @example
   * traceId: { sources: ['x-amzn-trace-id', (request) => request.headers['x-edge-trace']] }
   */
  sources?: readonly IdSource[] | undefined;
  /**
   * `w3c`: always 32 hex digits. `any`: an inbound `X-Request-ID` may be it. Default: `any`. The
   * preset of a log backend, here or in the format of your own logger, makes it `w3c`.
   */
  format?: 'w3c' | 'any' | undefined;
}

/** How the session id is found, checked and made. */
export interface SessionOptions extends Omit<IdOptions, 'generate'> {
  /**
   * Makes a session id when no source has one. `false` leaves the session out then: of logs, of
   * calls and of `TraceContext.sessionId`. Default: a UUID for each request.
   */
  generate?: (() => string) | false | undefined;
  /**
   * The key with which bearer tokens, the session ids of MCP and what its clients say of themselves are
   * hashed (HMAC-SHA256), so that a reader of the logs cannot verify a guess. At least 16 characters.
   */
  key?: string | undefined;
}

/**
 * Which access log lines are written, and how.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({ accessLog: { slowerThan: 500, explainFrom: 500, exclude: ['/health'] } })
 */
export interface AccessLogOptions {
  /**
   * Milliseconds: the line of a request that takes longer explains itself, as that of a failure does.
   * `Infinity` for never. Default: 1,000.
   */
  slowerThan?: number | undefined;
  /**
   * The least HTTP status from which the line of a request explains itself, if something was thrown:
   * it then has the error, the steps, the query and the user agent. `500` for server-side failures
   * only. Default: 400.
   */
  explainFrom?: number | undefined;
  /**
   * Whether a line that explains itself has the query, with secrets masked, and the user agent.
   * Default: `true`.
   */
  request?: boolean | undefined;
  /**
   * What has no access log line: paths of requests, patterns of messages, methods of MCP, names of
   * jobs, or a function. A path, with its global prefix, or the template of a route is compared as
   * the router does: by default, Express ignores case and a trailing slash. For single handlers,
   * there is {@link SkipAccessLog}.
   */
  exclude?: readonly (string | RegExp)[] | ((record: AccessLogRecord) => boolean) | undefined;
  /** Default: `info`, from 400 `warn`, from 500 `error`. */
  level?: string | ((record: AccessLogRecord) => string) | undefined;
  /**
   * The names of the fields to keep, or a function that returns all of them. Messages, jobs and
   * runs have no request and no response.
   */
  fields?:
    | readonly (keyof AccessLogRecord)[]
    | ((
        record: AccessLogRecord,
        request?: IncomingMessage,
        response?: ServerResponse,
      ) => Record<string, unknown>)
    | undefined;
  /** Default: `Request finished`, `Message finished`, `Job finished` or `Run finished`. */
  message?: string | ((record: AccessLogRecord) => string) | undefined;
}

/**
 * Which hosts get which headers, on calls that the application makes with `fetch`, undici,
 * `node:http` or `node:https`.
 *
 * @example
 * outgoing: { trusted: ['payments', '*.internal.example', /^10\.20\./] }
 */
export interface OutgoingOptions {
  /**
   * Hosts of your own, which get the request and the session id; all others get only
   * `traceparent`, `tracestate` and the baggage that is allowed. Names and addresses without a
   * port, `*.example.com` for those below a name but not itself, patterns, or a function. All of
   * them see the host in lower case and without brackets. Behind a proxy that reads the call, both
   * it and the proxy have to be trusted; after a redirect, the new host. Loopback is always
   * trusted. Default: none.
   *
   * A host for which a function throws, or returns anything but `true`, is not trusted.
   */
  trusted?: readonly (string | RegExp)[] | ((host: string) => boolean) | undefined;
}

/**
 * What `TracingModule.forRoot` takes. Everything is optional.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({
 *   service: 'payments',
 *   preset: 'gcp',
 *   session: { key: process.env.SESSION_DIGEST_KEY },
 *   accessLog: { exclude: ['/health'] },
 * })
 */
export interface TracingModuleOptions extends LineLimitOptions {
  /**
   * A winston logger of your own, or options for one. By default the module makes one: standard
   * output, level `info`.
   */
  logger?: Logger | LoggerOptions | undefined;
  /** Of the module's own logger. Default: `text` on a terminal, `json` elsewhere. */
  format?: 'json' | 'text' | undefined;
  /**
   * Where the module's own logger writes. Default: standard output; standard error from the moment
   * an MCP server is served over stdio, because nothing else may be written there. Set `stderr`
   * where that moment comes late.
   */
  output?: 'stdout' | 'stderr' | undefined;
  /**
   * Whether what the application writes with `console` becomes entries of the logger, with the ids
   * of its request and `context: 'console'`: for libraries, and code, that log past NestJS.
   * `console.warn` is at `warn`, `error` and a failed `assert` at `error`, `debug` at `debug`, all
   * others at `info`; that of `trace` has its `stack`. The message is the text that `console` would
   * print, so objects are no fields, and an error is the entry's `error`, with its stack.
   *
   * `console` is one for the process: outside of requests, messages, jobs and runs, the first
   * application with the option writes. An application without it is not changed. It begins when
   * the modules are initialized, and ends when the application closes. What a transport, format or
   * subscriber prints while it handles an entry goes to the real console, as do Node's warnings.
   * Default: `false`.
   *
   * @example
   * TracingModule.forRoot({ console: true });
   * // {"level":"info","message":"charged 12.5 EUR","request_id":"…","context":"console",…}
   * console.log('charged %d %s', 12.5, 'EUR');
   */
  console?: boolean | undefined;
  /** The least severe level that the module's own logger writes. Default: `info`. */
  level?: string | undefined;
  /**
   * The field names of the module's own JSON. Default: those of the README. Log backends know W3C
   * trace ids, so every trace id is one where this is set. With `format: 'text'` the names have no
   * effect, which costs one warning; where text is only the default of a terminal, none.
   */
  preset?: PresetName | undefined;
  /**
   * The name of the application on every JSON line. Default: `OTEL_SERVICE_NAME`, else
   * the name in the nearest `package.json`, else `unknown_service:node`.
   */
  service?: string | undefined;
  /**
   * Whether ids and W3C headers of a caller are adopted; a function decides for each request.
   * Default: `true`. Set `false`, or check the address, where clients on the internet call directly.
   * A function is called for HTTP requests and WebSocket handshakes; messages of a broker and jobs
   * of a queue have none, and are trusted unless this is `false`.
   */
  trustIncoming?: boolean | ((request: IncomingMessage) => boolean) | undefined;
  requestId?: IdOptions | undefined;
  /** `'w3c'` is short for `{ format: 'w3c' }`. */
  traceId?: 'w3c' | TraceIdOptions | undefined;
  session?: SessionOptions | undefined;
  /** Keys of W3C baggage that are forwarded. Default: none. */
  baggage?: { allow: readonly string[] } | undefined;
  /** The access log line; `false` for none. */
  accessLog?: false | AccessLogOptions | undefined;
  /** `false` leaves `handler_ms` out and saves the cost of NestJS's interceptors. Default: `true`. */
  interceptor?: boolean | undefined;
  /** Spans that are made automatically. Default: those of client libraries. */
  spans?: SpansOptions | undefined;
  /**
   * Fields for all later log lines of a request and for its access log line, such as the user. It is
   * called once guards have run, also where one has refused the request, with the platform's own
   * request. It returns an object, not a promise. One that throws costs a warning. Default: none.
   *
   * @example
   * enrich: (request) => ({ user: request.user?.id, tenant: request.headers['x-tenant'] })
   */
  enrich?: ((request: any) => Readonly<Record<string, unknown>> | undefined) | undefined;
  /**
   * Keeps entries below the logger's level in memory, and writes them, with `recorded: true`, before
   * the access log line of a request, message, job or run that ends badly. `true` for the defaults of
   * {@link FlightRecorderOptions}. Default: `false`.
   *
   * @example
   * TracingModule.forRoot({ flightRecorder: true })
   */
  flightRecorder?: boolean | FlightRecorderOptions | undefined;
  /**
   * The key of `X-Debug-Level`, with which a caller can log single requests at a more verbose level:
   * see {@link signDebugLevel}. It is a secret: who has it can have everything that a request logs
   * written. At least 16 characters. Default: none, and the header is ignored.
   *
   * Where there is one, the level that a trusted client of MCP asks for in a request of its own
   * (`io.modelcontextprotocol/logLevel`) no longer counts: only a signature does.
   *
   * @example
   * TracingModule.forRoot({ debugKey: process.env.DEBUG_KEY })
   */
  debugKey?: string | undefined;
  /**
   * Whether responses carry the ten longest spans as `Server-Timing`, for the browser's developer
   * tools. It makes the names of your methods public. Default: `false`.
   */
  serverTiming?: boolean | undefined;
  /** Headers and spans of outgoing HTTP calls; `false` for neither. Default: on. */
  outgoing?: false | OutgoingOptions | undefined;
}
