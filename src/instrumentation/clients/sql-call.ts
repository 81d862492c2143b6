import type { SpanAttributes } from '../../records/span-record.js';
import {
  openClientCall,
  type CallOrigin,
  type ClientCall,
  type ClientCallStart,
} from '../../spans/client-call.js';
import type { ClientSpansPolicy } from '../../trace/trace-policy.js';
import { DIALECTS, type SqlSystem } from './sql-dialect.js';
import type { SqlSummary } from './sql-summary-parts.js';
import { summarize } from './sql-summary.js';
import { readTokens } from './sql-tokens.js';
import { StatementCache } from './statement-cache.js';
import { statementShape } from './statement-shape.js';
import { statementText } from './statement-text.js';

export type { SqlSystem };

/** How much of a statement is read, in characters: that of one of 1 MB costs no more. */
const MAX_READ = 4_096;
/** How much is read as long as no table was found: a list of columns may be long. */
const MAX_READ_FOR_TABLE = 32_768;
/** What a generation of statements may hold, for each database system. */
const CACHE_LIMITS = { count: 500, characters: 256 * 1024 };

/** `db.operation.name` of a statement that begins with an unknown word. */
const OTHER = '_OTHER';

type Detail = ClientSpansPolicy['statement'];

/** What was found out about a statement, for one connection. */
class KnownStatement {
  private connection: SpanAttributes | undefined = undefined;
  private summary: ClientCallStart | undefined = undefined;
  private text: ClientCallStart | undefined = undefined;
  private operation: ClientCallStart | undefined = undefined;

  constructor(
    private readonly system: SqlSystem,
    private readonly known: SqlSummary,
    /** With the literals replaced. `undefined` where no application has asked for it yet. */
    public shownText: string | undefined,
  ) {}

  /** The same object for each call over one connection. */
  start(detail: Detail, connection: SpanAttributes | undefined): ClientCallStart {
    if (this.connection !== connection) {
      this.connection = connection;
      this.summary = this.text = this.operation = undefined;
    }
    if (detail === 'summary') return (this.summary ??= this.made(detail));
    if (detail === 'text') return (this.text ??= this.made(detail));
    return (this.operation ??= this.made(detail));
  }

  private made(detail: Detail): ClientCallStart {
    const { system, connection } = this;
    const { operation, collection, procedure, text } = this.known;
    const name = detail === false ? operation : text;
    const attributes: Record<string, string | number | boolean> = { 'db.system.name': system };
    if (operation !== undefined) attributes['db.operation.name'] = operation;
    if (detail !== false) {
      if (collection !== undefined) attributes['db.collection.name'] = collection;
      if (procedure !== undefined) attributes['db.stored_procedure.name'] = procedure;
      if (text !== '') attributes['db.query.summary'] = text;
    }
    // Where it is not known what a statement is, it is not known either what is a literal in it.
    if (detail === 'text' && text !== '' && this.shownText)
      attributes['db.query.text'] = this.shownText;
    // Whatever a driver knows of the server, it says nothing of the statement.
    return { name: name || system, attributes: { ...connection, ...attributes } };
  }
}

const caches = new Map<SqlSystem, StatementCache<KnownStatement>>();

/**
 * The name and the attributes of a statement, without any literal of it.
 *
 * The name is `db.query.summary`: operations and tables, as in `SELECT orders users`. With
 * `statement: 'text'`, `db.query.text` is the statement without literals, and with `false` there is
 * only its operation. A statement that begins with no known word is an `_OTHER` of its system.
 *
 * @param statement what the application gave to the driver, which may be anything.
 * @param connection what is known of the server: `server.address`, `server.port`, `db.namespace`.
 *   Give the same object for each call over a connection: the result is then the same object too.
 * @see https://opentelemetry.io/docs/specs/semconv/database/sql/
 */
export function sqlCall(
  origin: CallOrigin,
  system: SqlSystem,
  statement: unknown,
  connection?: SpanAttributes,
): ClientCallStart {
  const detail = origin.trace.policy.clientSpans?.statement ?? 'summary';
  const text = typeof statement === 'string' ? statement : '';
  const cache = cacheOf(system);
  const known = cache.get(text) ?? knownByShape(cache, system, text, detail);
  if (detail === 'text') known.shownText ??= textOf(system, text);
  return known.start(detail, connection);
}

/**
 * Begins the call of a statement. `undefined` where there is no origin: the call is not recorded.
 *
 * The parameters are those of {@link sqlCall}.
 */
export function openSqlCall(
  origin: CallOrigin,
  system: SqlSystem,
  statement: unknown,
  connection?: SpanAttributes,
): ClientCall;
export function openSqlCall(
  origin: CallOrigin | undefined,
  system: SqlSystem,
  statement: unknown,
  connection?: SpanAttributes,
): ClientCall | undefined;
export function openSqlCall(
  origin: CallOrigin | undefined,
  system: SqlSystem,
  statement: unknown,
  connection?: SpanAttributes,
): ClientCall | undefined {
  if (origin === undefined) return undefined;
  return openClientCall(origin, 'databases', sqlCall(origin, system, statement, connection));
}

function cacheOf(system: SqlSystem): StatementCache<KnownStatement> {
  let cache = caches.get(system);
  if (cache === undefined) caches.set(system, (cache = new StatementCache(CACHE_LIMITS)));
  return cache;
}

/** What is known of a statement that differs only in values from another one. */
function knownByShape(
  cache: StatementCache<KnownStatement>,
  system: SqlSystem,
  statement: string,
  detail: Detail,
): KnownStatement {
  // Where a longer one is cut off depends on its values.
  const shape =
    statement.length > MAX_READ ? undefined : statementShape(statement, DIALECTS[system]);
  if (shape === undefined || shape === statement) {
    return understand(cache, system, statement, detail);
  }
  const known = cache.get(shape) ?? understand(cache, system, shape, detail);
  // Its values may be the same each time, as in `LIMIT 10`.
  cache.keep(statement, known);
  return known;
}

function understand(
  cache: StatementCache<KnownStatement>,
  system: SqlSystem,
  statement: string,
  detail: Detail,
): KnownStatement {
  const summary = summaryOf(system, statement);
  const text = detail === 'text' ? textOf(system, statement) : undefined;
  const known = new KnownStatement(system, summary, text);
  cache.keep(statement, known);
  return known;
}

function summaryOf(system: SqlSystem, statement: string): SqlSummary {
  const dialect = DIALECTS[system];
  let limit = MAX_READ;
  for (;;) {
    const hasMore = statement.length > limit;
    const { tokens } = readTokens(
      hasMore ? statement.slice(0, limit) : statement,
      dialect,
      hasMore,
    );
    const summary = summarize(tokens, dialect);
    const isUnderstood = summary.text.includes(' ');
    if (!hasMore || isUnderstood || limit === MAX_READ_FOR_TABLE) {
      if (summary.text !== '' || statement === '') return summary;
      return { ...summary, operation: OTHER };
    }
    limit = MAX_READ_FOR_TABLE;
  }
}

function textOf(system: SqlSystem, statement: string): string {
  const dialect = DIALECTS[system];
  const hasMore = statement.length > MAX_READ;
  const text = hasMore ? statement.slice(0, MAX_READ) : statement;
  return statementText(readTokens(text, dialect, hasMore), dialect);
}
