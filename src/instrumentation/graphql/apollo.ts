import { currentTrace } from '../../context/active-trace.js';
import type { TracedApplication } from '../../context/traced-application.js';
import { warnOnce } from '../../records/warnings.js';
import { noteErrors } from './operation-errors.js';
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

const NOTE_ERRORS = Object.freeze({
  /** With the errors as they were thrown, before `formatError`. */
  willSendResponse({ errors }: { errors?: unknown }) {
    noteErrors(currentTrace(), errors);
    return Promise.resolve();
  },
  /** Of a part that the client has asked for with `@defer`. */
  didEncounterSubsequentErrors(_request: unknown, errors: unknown) {
    noteErrors(currentTrace(), errors);
    return Promise.resolve();
  },
});
/** Apollo calls it for each operation that comes over HTTP. */
const PLUGIN = Object.freeze({ requestDidStart: () => Promise.resolve(NOTE_ERRORS) });

/** Hooks of Apollo plugins, one of which is in the plugins that NestJS adds by itself. */
const PLUGIN_HOOKS = ['requestDidStart', 'serverWillStart'] as const;

/** Whether a driver is one of Apollo's: by its class, else by the plugins that it starts with. */
export function isApollo(driver: object, { plugins }: ApolloOptions): boolean {
  if (extendsClass(driver, 'ApolloBaseDriver')) return true;
  return Array.isArray(plugins) && plugins.some(isApolloPlugin);
}

function isApolloPlugin(plugin: unknown): boolean {
  const hooks = Object(plugin) as Record<string, unknown>;
  return PLUGIN_HOOKS.some((hook) => typeof hooks[hook] === 'function');
}

function extendsClass(value: object, name: string): boolean {
  let prototype: object | null = Object.getPrototypeOf(value) as object | null;
  while (prototype !== null && prototype.constructor.name !== name) {
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return prototype !== null;
}

/** The options that a driver is to start with instead of the given ones. */
export async function traceApollo<T extends ApolloOptions>(
  application: TracedApplication,
  options: T,
): Promise<T> {
  const { subscriptions, plugins = [] } = options;
  const traced = { ...options, plugins: [...plugins, PLUGIN] };
  if (subscriptions === undefined || !('graphql-ws' in subscriptions)) return traced;
  const server = await traceSockets(application, options, subscriptions);
  return { ...traced, subscriptions: { ...subscriptions, 'graphql-ws': server } };
}

async function traceSockets(
  application: TracedApplication,
  options: ApolloOptions,
  subscriptions: SubscriptionOptions,
): Promise<SubscriptionOptions['graphql-ws']> {
  const given = subscriptions['graphql-ws'];
  const engine = await loadEngine(options.schema);
  // The same defaults as those of NestJS.
  const {
    execute = engine?.execute,
    subscribe = engine?.subscribe,
    context = options.context,
  } = subscriptions;
  const server = { execute, subscribe, context, ...(typeof given === 'object' && given) };
  return isComplete(server) ? traceWsServer(application, server) : given;
}

function isComplete(server: Partial<WsServerOptions>): server is WsServerOptions {
  return server.execute !== undefined && server.subscribe !== undefined;
}

/** GraphQL.js, if this is the copy that made the schema: another copy refuses it. */
async function loadEngine(schema: unknown): Promise<Engine | undefined> {
  const graphql = await loadOptional('graphql', () => import('graphql'));
  if (graphql === undefined || schema instanceof graphql.GraphQLSchema) return graphql as Engine;
  warnOnce(
    'TRACING_GRAPHQL_COPIES',
    'two copies of `graphql` are installed, so subscriptions are not traced. Find them with `npm ls graphql`',
  );
  return undefined;
}
