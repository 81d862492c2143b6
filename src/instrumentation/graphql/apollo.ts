import { currentTrace } from '../../context/trace-store.js';
import type { TracedApplication } from '../../context/unit-of-work.js';
import { warnOnce } from '../../records/warnings.js';
import { countErrors } from './errors.js';
import { traceWsServer, type WsServerOptions } from './graphql-ws.js';
import { loadOptional } from '../load-optional.js';

/** The options of an Apollo driver of NestJS. */
export interface ApolloOptions {
  readonly schema?: object | null;
  readonly context?: unknown;
  readonly plugins?: readonly unknown[];
  readonly subscriptions?: SubscriptionOptions;
}

interface SubscriptionOptions extends Partial<WsServerOptions> {
  readonly 'graphql-ws'?: boolean | Partial<WsServerOptions>;
}

type Engine = Pick<WsServerOptions, 'execute' | 'subscribe'>;

const COUNT_ERRORS = Object.freeze({
  willSendResponse({ errors }: { errors?: unknown }) {
    countErrors(currentTrace(), errors);
    return Promise.resolve();
  },
});
/** Told of each operation that comes over HTTP. */
const PLUGIN = Object.freeze({ requestDidStart: () => Promise.resolve(COUNT_ERRORS) });

/** What the driver is to start with instead. */
export async function traceApollo<T extends ApolloOptions>(
  host: TracedApplication,
  options: T,
): Promise<T> {
  const { subscriptions, plugins = [] } = options;
  const traced = { ...options, plugins: [...plugins, PLUGIN] };
  if (subscriptions === undefined || !('graphql-ws' in subscriptions)) return traced;
  const server = await traceSockets(host, options, subscriptions);
  return { ...traced, subscriptions: { ...subscriptions, 'graphql-ws': server } };
}

async function traceSockets(
  host: TracedApplication,
  options: ApolloOptions,
  subscriptions: SubscriptionOptions,
): Promise<SubscriptionOptions['graphql-ws']> {
  const given = subscriptions['graphql-ws'];
  const engine = await loadEngine(options.schema);
  // As NestJS puts them together.
  const {
    execute = engine?.execute,
    subscribe = engine?.subscribe,
    context = options.context,
  } = subscriptions;
  const server = { execute, subscribe, context, ...(typeof given === 'object' && given) };
  return isComplete(server) ? traceWsServer(host, server) : given;
}

function isComplete(server: Partial<WsServerOptions>): server is WsServerOptions {
  return server.execute !== undefined && server.subscribe !== undefined;
}

/** GraphQL.js, if it is the copy that made the schema: another one refuses it. */
async function loadEngine(schema: unknown): Promise<Engine | undefined> {
  const graphql = await loadOptional('graphql', () => import('graphql'));
  if (graphql === undefined || schema instanceof graphql.GraphQLSchema) return graphql as Engine;
  warnOnce('TRACING_GRAPHQL_COPIES', 'Two copies of `graphql`: subscriptions are not traced');
  return undefined;
}
