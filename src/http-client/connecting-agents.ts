import http from 'node:http';
import https from 'node:https';

/** The methods of an agent that decide where its requests go. */
export interface Connecting {
  readonly addRequest?: unknown;
  readonly createSocket?: unknown;
  readonly createConnection?: unknown;
  readonly options?: AgentOptions | undefined;
}

/** Options of an agent that replace those of its requests. */
interface AgentOptions {
  readonly host?: unknown;
  readonly socketPath?: unknown;
  /** A proxy that the environment names; Node has it from version 24 on. */
  readonly proxyEnv?: unknown;
}

/** As Node made them: code that replaces one decides from then on where requests go. */
const NATIVE = [http.Agent.prototype, https.Agent.prototype].map(methodsOf);

function methodsOf({ addRequest, createSocket, createConnection }: Connecting): Connecting {
  return { addRequest, createSocket, createConnection };
}

/**
 * Whether an agent, or the `createConnection` of a request without one, may connect elsewhere than
 * to the host of the request. Those of Node do not, unless their options name a host or a proxy.
 */
export function connectsItself(agent: Connecting | null | undefined): boolean {
  if (agent === undefined || agent === null) return true;
  const { options } = agent;
  return (
    !NATIVE.some((native) => isSame(agent, native)) ||
    options?.host !== undefined ||
    options?.socketPath !== undefined ||
    options?.proxyEnv !== undefined
  );
}

function isSame(agent: Connecting, native: Connecting): boolean {
  return (
    agent.addRequest === native.addRequest &&
    agent.createSocket === native.createSocket &&
    agent.createConnection === native.createConnection
  );
}
