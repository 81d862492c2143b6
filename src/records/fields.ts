/** The log backends whose field names an entry can have. */
export type PresetName = 'otel' | 'ecs' | 'gcp' | 'datadog';

/** What a preset calls a field, where that differs. */
export interface PresetField {
  /** The name; a dot in one of `gcp` is a level of an object. */
  readonly name: string;
  /** How the value is written there. Default: as it is. */
  readonly as?: 'nanoseconds' | 'seconds text' | 'ecs outcome';
  /** Whether the field also stays under its own name. Default: `false`. */
  readonly beside?: true;
}

/** One field of the access log line. */
export interface Field<T = unknown> {
  readonly type: 'string' | 'number' | 'steps';
  /** Milliseconds, or a number of things. */
  readonly unit?: 'ms' | 'count';
  /**
   * How the text format shows it: `phrase` in the sentence behind the message, `end of phrase` as
   * its last word, `silent` not at all, `block` on lines of its own. Default: as `name=value`.
   */
  readonly text?: 'phrase' | 'end of phrase' | 'silent' | 'block';
  /** The words after the value in the phrase. */
  readonly suffix?: string;
  /** Its name for people in the trace viewer's details. Default: not shown there by itself. */
  readonly label?: string;
  /** Whether it is part of the title of a request: `POST /api/payment`, `bullmq ledger book`. */
  readonly inTitle?: true;
  /** What presets call it. Default: its own name. */
  readonly presets?: Readonly<Partial<Record<PresetName, string | PresetField>>>;
  /** The attribute of a span that says the same, by OpenTelemetry's semantic conventions. */
  readonly attribute?: string;
  /** Other names under which loggers write it on the line that ends a request. */
  readonly aliases?: readonly string[];
  /** Whether units of work set it, besides or instead of HTTP requests. */
  readonly ofWork?: true;
  /** The type of its values; never there. */
  readonly valueType?: T;
}

type Row = Omit<Field, 'type' | 'valueType'>;

/** What the type of a row says besides the type of its values. */
type Marks<R> = R extends { readonly ofWork: true } ? { readonly ofWork: true } : unknown;

function text<const R extends Row>(row: R): Field<string> & Marks<R> {
  return { type: 'string', ...row } as Field<string> & Marks<R>;
}

function number<const R extends Row>(row: R): Field<number> & Marks<R> {
  return { type: 'number', ...row } as Field<number> & Marks<R>;
}

/**
 * Every field of the access log line, in the order in which it is written: the one place where
 * types, text, presets, attributes of exported spans, records of the trace viewer, the command
 * `untangle` and the matchers for tests take their names from. A new field is one row here and the
 * place that sets it.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-server-span
 * @see https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 * @see https://www.elastic.co/docs/reference/ecs/ecs-field-reference
 * @see https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#HttpRequest
 * @see https://docs.datadoghq.com/standard-attributes/?product=log
 */
export const ACCESS_LOG_FIELDS = {
  /** Monotonic milliseconds from the first hook to the response's close, three decimals. */
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
  /** The interceptor's share: pipes, inner interceptors and the handler. */
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
  /** The path that was asked for, without the query. */
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
  /** The template of the route, as in `/users/:id`; missing when none matched. */
  route: text({
    label: 'route',
    text: 'silent',
    attribute: 'http.route',
    presets: { otel: 'http.route' },
  }),
  /** How a message, job or run came in: `tcp`, `bullmq`, `cron`, …; missing for HTTP requests. */
  transport: text({
    label: 'transport',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.system',
  }),
  /** What a message is about: a pattern, a topic, the name of an event or GraphQL field. */
  pattern: text({
    label: 'pattern',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.destination.name',
    ofWork: true,
  }),
  /** The queue that a job was in. */
  queue: text({
    label: 'queue',
    inTitle: true,
    text: 'phrase',
    attribute: 'messaging.destination.name',
    ofWork: true,
  }),
  /** The name of a job, or of what runs. */
  job: text({
    label: 'job',
    inTitle: true,
    text: 'phrase',
    attribute: 'nestjs.job.name',
    ofWork: true,
  }),
  /** 1 for the first delivery or attempt. */
  attempt: number({
    label: 'attempt',
    unit: 'count',
    attribute: 'nestjs.job.attempt',
    ofWork: true,
  }),
  /** The method of an MCP message, as in `tools/call`. */
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
  /** The name that a GraphQL client gave its operation. */
  graphql_operation: text({
    label: 'GraphQL operation',
    inTitle: true,
    attribute: 'graphql.operation.name',
    ofWork: true,
  }),
  /** How many errors the results of a GraphQL operation had; missing for none. */
  graphql_errors: number({ label: 'GraphQL errors', unit: 'count', ofWork: true }),
  /** Controller and method, as in `PaymentController.pay`. */
  handler: text({ label: 'handler', attribute: 'code.function.name' }),
  /** Missing when the client disconnected before a status was sent, and for all but HTTP. */
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
  /** How it ended. */
  outcome: {
    type: 'string',
    text: 'phrase',
    presets: { ecs: { name: 'event.outcome', as: 'ecs outcome', beside: true } },
  } as Field<Outcome>,
  /** The span of the caller: 16 lower-case hex digits; missing where the trace began here. */
  parent_span_id: text({ text: 'silent' }),
  /** The spans in the order in which they began, of a request that failed or took too long. */
  steps: { type: 'steps', text: 'block' } as Field<readonly Step[]>,
  /** How many more spans there were than are kept. */
  dropped_steps: number({ unit: 'count' }),
} as const satisfies Readonly<Record<string, Field>>;

/** The name of a field of the access log line. */
export type AccessLogField = keyof typeof ACCESS_LOG_FIELDS;

/** The names of all fields of the access log line, in their order. */
export const ACCESS_LOG_FIELD_NAMES = Object.keys(ACCESS_LOG_FIELDS) as readonly AccessLogField[];

/** The row of a field. */
export function accessLogField(name: AccessLogField): Field {
  return ACCESS_LOG_FIELDS[name];
}

/** Outcomes: `errored` for a server-side failure, `aborted` for a client that disconnected. */
export type Outcome = 'completed' | 'errored' | 'aborted';

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>(['completed', 'errored', 'aborted']);

/** Whether a value that was read somewhere is an outcome. */
export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.has(value);
}

/** One span of a request, as the access log line of a failed or slow one has it. */
export interface Step {
  readonly name: string;
  /** Milliseconds from the start of the request. */
  readonly start_ms: number;
  /** Milliseconds; missing when the request ended first. */
  readonly duration_ms?: number;
  /** Milliseconds without those in which a step inside it ran; missing where none did. */
  readonly self_ms?: number;
  /** How many steps it is inside of; missing for 0. */
  readonly depth?: number;
  /** Of more than 20 equal steps: how many. The duration is then their sum. */
  readonly count?: number;
  readonly failed?: true;
}
