/** How a request ended: `errored` for a 5xx, `aborted` for a client that left before the end. */
export type Outcome = 'completed' | 'errored' | 'aborted';

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>(['completed', 'errored', 'aborted']);

/** Whether a value that was read somewhere is one of them. */
export function isOutcome(value: unknown): value is Outcome {
  return OUTCOMES.has(value);
}

/** One operation of a request, as the finish line of a failed or slow one tells it. */
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

/** The names of everything that a finish line may say. */
export const ACCESS_LOG_FIELDS: readonly (keyof AccessLogRecord)[] = [
  'duration_ms',
  'handler_ms',
  'method',
  'path',
  'route',
  'transport',
  'pattern',
  'queue',
  'job',
  'attempt',
  'mcp_method',
  'mcp_tool',
  'graphql_operation',
  'graphql_errors',
  'handler',
  'status_code',
  'outcome',
  'parent_span_id',
  'steps',
  'dropped_steps',
];

/** What an application does that is not an HTTP request. */
export type UnitOfWorkKind = 'message' | 'job' | 'run';

/** What sets a message, a job or a run apart from others of its kind. */
export interface UnitOfWorkFields {
  /** What the message is about: a pattern, a topic, the name of an event or operation. */
  readonly pattern?: string | undefined;
  /** The queue that the job was in. */
  readonly queue?: string | undefined;
  /** The name of the job, or of what runs. */
  readonly job?: string | undefined;
  /** 1 for the first delivery or attempt. */
  readonly attempt?: number | undefined;
  /** The method of an MCP message, as in `tools/call`. */
  readonly mcp_method?: string | undefined;
  /** The tool that an MCP message calls. */
  readonly mcp_tool?: string | undefined;
  /** The name that a GraphQL client gave its operation. */
  readonly graphql_operation?: string | undefined;
  /** How many errors the results of a GraphQL operation had; missing for none. */
  readonly graphql_errors?: number | undefined;
}

/** What the finish line says, under the names that it has there. */
export interface AccessLogRecord extends UnitOfWorkFields {
  /** Monotonic milliseconds from the first hook to the response's close, three decimals. */
  readonly duration_ms: number;
  /** The interceptor's share: pipes, inner interceptors and the handler. */
  readonly handler_ms?: number;
  readonly method?: string;
  /** Without the query. */
  readonly path?: string;
  /** The template of the route, as in `/users/:id`; missing when none matched. */
  readonly route?: string;
  /** How a message, job or run came in: `tcp`, `bullmq`, `cron`, …; missing for HTTP requests. */
  readonly transport?: string;
  /** As in `PaymentController.pay`. */
  readonly handler?: string;
  /** Missing when the client left before a status was sent, and for all that is not HTTP. */
  readonly status_code?: number;
  readonly outcome: Outcome;
  /** The span of the caller: 16 lower-case hex digits; missing where the trace began here. */
  readonly parent_span_id?: string;
  /** The spans in the order in which they began, of a request that failed or took too long. */
  readonly steps?: readonly Step[];
  /** How many more there were than are kept. */
  readonly dropped_steps?: number;
}
