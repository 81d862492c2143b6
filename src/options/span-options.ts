import type { ClientSpansPolicy } from '../trace/trace-policy.js';
import { checkBoolean, checkKeys, checkRecord, invalid } from './check-value.js';
import { TRACING } from './option-places.js';

const DEFAULT_REPEATED = 25;
const STATEMENTS: ReadonlySet<unknown> = new Set(['summary', 'text']);

/**
 * Which spans are made automatically, and from how many equal calls there is a warning.
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({
 *   spans: { auto: { exclude: ['HealthService'], minMs: 1 }, clients: { statement: 'text' } },
 * })
 */
export interface SpansOptions {
  /**
   * Makes every method that the application's own controllers, providers, guards, pipes,
   * interceptors, filters and class middlewares declare a span named `Class.method`. That of a
   * middleware ends when it calls `next`. Enhancers given as objects count too. Methods of classes
   * that come from packages are spans only if `include` names them, except what NestJS calls on a
   * guard, pipe, interceptor or filter.
   * Methods in place of those of Node or the language, such as `_write` or `toString`, never are.
   * `include` and `exclude` are names of classes, `Class.method`, or patterns of the latter.
   * Default: `false`.
   */
  auto?:
    | boolean
    | {
        include?: readonly (string | RegExp)[] | undefined;
        exclude?: readonly (string | RegExp)[] | undefined;
        /**
         * Milliseconds: spans that were shorter, did not fail and have no inner ones are left out,
         * and not counted. Default: none are.
         */
        minMs?: number | undefined;
      }
    | undefined;
  /**
   * Which calls to databases, caches and language models are spans, without an OpenTelemetry SDK.
   * Default: all.
   */
  clients?: boolean | ClientSpansOptions | undefined;
  /**
   * From more equal calls to a database than this below one span or request there is one entry at the
   * level `warn` for each route, handler or queue, at the end of the request: `code:
   * 'TRACING_REPEATED_CALLS'`, `step` (their name), `count` and `route`. At most 500 routes are warned
   * of. `false` for none. Default: 25.
   */
  repeated?: number | false | undefined;
}

/**
 * Which calls of client libraries are spans, and how much of a statement they show. Names and
 * attributes are those of OpenTelemetry's semantic conventions. They hold no literal, parameter, key,
 * document, prompt or answer.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/database/database-spans/
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 *
 * @publicApi
 *
 * @example
 * TracingModule.forRoot({ spans: { clients: { caches: false, statement: 'text' } } })
 */
export interface ClientSpansOptions {
  /**
   * pg, mysql2, MariaDB, tedious, better-sqlite3, libsql, `node:sqlite`, mongodb and mongoose.
   * Default: `true`.
   */
  databases?: boolean | undefined;
  /** ioredis and redis. Default: `true`. */
  caches?: boolean | undefined;
  /** Calls of models and tools through the `ai` SDK, from version 6. Default: `true`. */
  llm?: boolean | undefined;
  /**
   * What of a statement is shown. `summary`: operation and tables, as in `SELECT orders`. `text`:
   * the statement as well, with every literal replaced by `?`. `false`: the operation only. Never a
   * parameter, a key or a document. Default: `summary`.
   */
  statement?: 'summary' | 'text' | false | undefined;
}

/** Throws for what is not an option of `spans`. Those of `spans.auto` have a check of their own. */
export function checkSpans(spans: SpansOptions | undefined): void {
  if (spans === undefined) return;
  checkRecord('spans', spans);
  checkKeys(TRACING.spans, spans);
  const { clients, repeated } = spans;
  const isCount = Number.isInteger(repeated) && Number(repeated) > 0;
  if (repeated !== undefined && repeated !== false && !isCount) {
    throw invalid('spans.repeated', repeated, 'a number of calls, 1 or more, or `false`');
  }
  if (clients === undefined || typeof clients === 'boolean') return;
  checkRecord('spans.clients', clients);
  checkKeys(TRACING['spans.clients'], clients);
  checkBoolean('spans.clients.databases', clients.databases);
  checkBoolean('spans.clients.caches', clients.caches);
  checkBoolean('spans.clients.llm', clients.llm);
  const { statement } = clients;
  if (statement !== false && statement !== undefined && !STATEMENTS.has(statement)) {
    throw invalid('spans.clients.statement', statement, '"summary", "text" or `false`');
  }
}

/** Which calls of client libraries are spans; `undefined` for none. */
export function clientSpans(
  clients: SpansOptions['clients'] = true,
): ClientSpansPolicy | undefined {
  if (clients === false) return undefined;
  const given = clients === true ? {} : clients;
  const { databases = true, caches = true, llm = true, statement = 'summary' } = given;
  return Object.freeze({ databases, caches, llm, statement });
}

/** Milliseconds below which automatic spans are left out; `undefined` where none are. */
export function minAutoSpanMs(auto: SpansOptions['auto']): number | undefined {
  return typeof auto === 'object' ? auto?.minMs || undefined : undefined;
}

/** How many equal calls are too many; `undefined` where it is not checked. */
export function repeatedCalls(repeated: SpansOptions['repeated']): number | undefined {
  return repeated === false ? undefined : (repeated ?? DEFAULT_REPEATED);
}
