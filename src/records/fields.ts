import { number, text, type Field } from './field.js';
import type { Step } from './step.js';

/**
 * All fields of the access log line, in the order in which they are written. This is the single
 * source of their names for types, the text format, presets, attributes of exported spans, the
 * trace viewer, the `untangle` command and the test matchers. To add a field, add a row here and set
 * the field where its value is known.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference
 * @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest
 * @see https://docs.datadoghq.com/standard-attributes/?product=log
 */
export const ACCESS_LOG_FIELDS = {
  /** Milliseconds from the first hook to the close of the response: monotonic, three decimals. */
  duration_ms: number({
    label: 'duration',
    unit: 'ms',
    text: 'end of phrase',
    suffix: 'ms',
    presets: {
      ecs: { name: 'event.duration', as: 'nanoseconds' },
      gcp: { name: 'httpRequest.latency', as: 'seconds text', beside: true },
      datadog: { name: 'duration', as: 'nanoseconds' },
    },
  }),
  /** Milliseconds inside the interceptor: pipes, inner interceptors and the handler. */
  handler_ms: number({
    label: 'in handler',
    unit: 'ms',
    text: 'silent',
    attribute: 'nestjs.handler.duration_ms',
  }),
  /** The HTTP method. */
  method: text({
    inTitle: true,
    text: 'phrase',
    attribute: 'http.request.method',
    presets: {
      otel: 'http.request.method',
      ecs: 'http.request.method',
      gcp: 'httpRequest.requestMethod',
      datadog: 'http.method',
    },
  }),
  /** The path of the request, without the query. */
  path: text({
    inTitle: true,
    text: 'phrase',
    attribute: 'url.path',
    presets: {
      otel: 'url.path',
      ecs: 'url.path',
      gcp: 'httpRequest.requestUrl',
      datadog: 'http.url_details.path',
    },
  }),
  /** The template of the route, such as `/users/:id`; missing if none matched. */
  route: text({
    label: 'route',
    text: 'silent',
    attribute: 'http.route',
    presets: { otel: 'http.route' },
  }),
  /** What a message, job or run came through: `tcp`, `bullmq`, `cron`, …; missing for HTTP. */
  transport: text({
    label: 'transport',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.system',
  }),
  /** The subject of a message: a pattern, a topic, the name of an event or of a GraphQL field. */
  pattern: text({
    label: 'pattern',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.destination.name',
    ofWork: true,
  }),
  /** The queue of a job. */
  queue: text({
    label: 'queue',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.destination.name',
    ofWork: true,
  }),
  /** The name of a job or of a run. */
  job: text({
    label: 'job',
    inTitle: true,
    text: 'phrase',
    attribute: 'nestjs.job.name',
    ofWork: true,
  }),
  /** The number of the attempt: 1 for the first delivery. */
  attempt: number({
    label: 'attempt',
    unit: 'count',
    attribute: 'nestjs.job.attempt',
    ofWork: true,
  }),
  /** How many messages or jobs a handler was given at once; missing for one. */
  batch_size: number({
    label: 'messages',
    unit: 'count',
    attribute: 'messaging.batch.message_count',
    ofWork: true,
  }),
  /** The traces of a batch whose messages have several, and which is part of none: up to ten. */
  linked_traces: {
    type: 'list',
    label: 'linked traces',
    attribute: 'nestjs.linked_traces',
    ofWork: true,
  } as Field<readonly string[]> & { readonly ofWork: true },
  /** The method of an MCP message, such as `tools/call`. */
  mcp_method: text({
    label: 'MCP method',
    inTitle: true,
    text: 'phrase',
    attribute: 'mcp.method.name',
    ofWork: true,
  }),
  /** The tool that an MCP message calls. */
  mcp_tool: text({
    label: 'MCP tool',
    inTitle: true,
    text: 'phrase',
    attribute: 'gen_ai.tool.name',
    ofWork: true,
  }),
  /** The prompt that an MCP message asks for. */
  mcp_prompt: text({
    label: 'MCP prompt',
    inTitle: true,
    text: 'phrase',
    attribute: 'gen_ai.prompt.name',
    ofWork: true,
  }),
  /** The resource that an MCP message reads: its URI without parameters. */
  mcp_resource: text({
    label: 'MCP resource',
    inTitle: true,
    text: 'phrase',
    attribute: 'mcp.resource.uri',
    ofWork: true,
  }),
  /** The name that a GraphQL client gave its operation. */
  graphql_operation: text({
    label: 'GraphQL operation',
    inTitle: true,
    attribute: 'graphql.operation.name',
    ofWork: true,
  }),
  /** The number of errors in the results of a GraphQL operation; missing if there are none. */
  graphql_errors: number({ label: 'GraphQL errors', unit: 'count', ofWork: true }),
  /** Controller and method, such as `PaymentController.pay`. */
  handler: text({ label: 'handler', attribute: 'code.function.name' }),
  /** The HTTP status; missing if the client disconnected first, and for all but HTTP requests. */
  status_code: number({
    text: 'phrase',
    attribute: 'http.response.status_code',
    aliases: ['statusCode'],
    presets: {
      otel: 'http.response.status_code',
      ecs: 'http.response.status_code',
      gcp: 'httpRequest.status',
      datadog: 'http.status_code',
    },
  }),
  /** How the request, message, job or run ended. */
  outcome: {
    type: 'string',
    text: 'phrase',
    presets: { ecs: { name: 'event.outcome', as: 'ecs outcome', beside: true } },
  } as Field<Outcome>,
  /** The span of the caller: 16 lower-case hex digits; missing if the trace began here. */
  parent_span_id: text({ text: 'silent' }),
  /** How many calls it made to databases; missing for none. */
  db_count: number({ label: 'database calls', unit: 'count', attribute: 'nestjs.db.count' }),
  /** How long they took, summed. Calls that overlap count each. */
  db_ms: number({ label: 'in databases', unit: 'ms', attribute: 'nestjs.db.duration_ms' }),
  /** How many calls it made to caches; missing for none. */
  cache_count: number({ label: 'cache calls', unit: 'count', attribute: 'nestjs.cache.count' }),
  /** How long they took, summed. */
  cache_ms: number({ label: 'in caches', unit: 'ms', attribute: 'nestjs.cache.duration_ms' }),
  /** The first ten different messages and jobs that it sent, as in `bullmq notifications/email`. */
  sent: { type: 'list', label: 'sent', attribute: 'nestjs.sent' } as Field<readonly string[]>,
  /** The parameters of the URL, with secrets masked; only on a line that explains itself. */
  query: {
    type: 'record',
    label: 'query',
    attribute: 'url.query',
    presets: {
      otel: { name: 'url.query', as: 'query text' },
      // A keyword: of an object there, Elasticsearch would refuse the whole line.
      ecs: { name: 'url.query', as: 'query text' },
      datadog: 'http.url_details.queryString',
    },
  } as Field<Readonly<Record<string, unknown>>>,
  /** The `User-Agent` of the caller; only on a line that explains itself. */
  user_agent: text({
    label: 'user agent',
    attribute: 'user_agent.original',
    presets: {
      ...{ otel: 'user_agent.original', ecs: 'user_agent.original' },
      ...{ gcp: 'httpRequest.userAgent', datadog: 'http.useragent' },
    },
  }),
  /** The same for all errors of one type from one place in the code, across releases. */
  error_id: text({
    label: 'error id',
    attribute: 'nestjs.error.id',
    // What Datadog's error tracking groups by.
    presets: { datadog: { name: 'error.fingerprint', beside: true } },
  }),
  /** What was thrown, whatever an exception filter has made of it. */
  error: { type: 'error', text: 'block', ofWork: true } as Field & { readonly ofWork: true },
  /**
   * The spans of a failed or slow request, as a tree in depth-first order: the parent of a step is
   * the nearest one before it with a smaller `depth`.
   */
  steps: { type: 'steps', text: 'block' } as Field<readonly Step[]>,
  /** The number of spans beyond the limits: not recorded, or not written on the line. */
  dropped_steps: number({ unit: 'count' }),
  /** How many entries of the flight recorder were left out before those that it has written. */
  dropped_entries: number({ unit: 'count' }),
  /** How many fields of `trace.set` were left out or cut. */
  dropped_fields: number({ unit: 'count' }),
} as const satisfies Readonly<Record<string, Field>>;

/** The name of a field of the access log line. */
export type AccessLogField = keyof typeof ACCESS_LOG_FIELDS;

/** The names of all fields of the access log line, in their order. */
export const ACCESS_LOG_FIELD_NAMES = Object.keys(ACCESS_LOG_FIELDS) as readonly AccessLogField[];

/** The row of a field. */
export function accessLogField(name: AccessLogField): Field {
  return ACCESS_LOG_FIELDS[name];
}

/** The outcome: `errored` is a server-side failure, `aborted` means that the client disconnected. */
export type Outcome = 'completed' | 'errored' | 'aborted';

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>(['completed', 'errored', 'aborted']);

/** Whether an unknown value is an outcome. */
export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.has(value);
}
