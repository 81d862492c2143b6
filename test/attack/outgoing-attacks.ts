import http from 'node:http';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { Agent, buildConnector, Client, interceptors, Pool, ProxyAgent, request } from 'undici';

/** A call whose reader is not the host that it names. */
export interface OutgoingAttack {
  readonly name: string;
  /** Hosts that are trusted, besides loopback. */
  readonly trusted?: readonly string[];
  /** Makes the call so that it arrives at this port of loopback. */
  readonly send: (port: number) => Promise<unknown>;
  /** Whether the reader may have the session. Default: it may not. */
  readonly isTrusted?: boolean;
}

const TARGET = 'stock.internal';

type AgentWithRequests = http.Agent & {
  addRequest(request: http.ClientRequest, options: http.RequestOptions): void;
};
type Connect = (port: number) => net.Socket;
const connect: Connect = (port) => net.connect(port, '127.0.0.1');

/** An agent that connects to a proxy, whatever the call names. */
class ReroutingAgent extends http.Agent {
  constructor(private readonly port: number) {
    super();
  }

  override createConnection(): net.Socket {
    return connect(this.port);
  }
}

/** As `http-proxy-agent` does it: the whole URL is the path. */
class AbsoluteAgent extends ReroutingAgent {
  override addRequest(message: http.ClientRequest, options: http.RequestOptions): void {
    message.path = `http://${options.host}${message.path}`;
    (http.Agent.prototype as AgentWithRequests).addRequest.call(this, message, options);
  }
}

function get(options: http.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    http.get(options, (response) => resolve(text(response))).on('error', reject);
  });
}

async function closing<T extends { close(): Promise<void> }>(
  dispatcher: T,
  call: (dispatcher: T) => Promise<{ body: { text(): Promise<string> } }>,
): Promise<void> {
  await (await call(dispatcher)).body.text();
  await dispatcher.close();
}

const lookup = (
  _host: string,
  _options: unknown,
  done: (error: null, addresses: { address: string; family: 4; ttl: number }[]) => void,
): void => done(null, [{ address: '127.0.0.1', family: 4, ttl: 1000 }]);

/** Every name is one of this machine. */
const loopback: net.LookupFunction = (_host, options, done) =>
  options.all === true
    ? done(null, [{ address: '127.0.0.1', family: 4 }])
    : done(null, '127.0.0.1', 4);

/** Connects undici to a port, whatever the call names. */
function connectorTo(port: number): buildConnector.connector {
  return (_options, done) => {
    const socket = connect(port);
    socket.once('connect', () => done(null, socket));
  };
}

export const OUTGOING_ATTACKS: readonly OutgoingAttack[] = [
  {
    name: 'loopback itself',
    send: (port) => get({ host: '127.0.0.1', port }),
    isTrusted: true,
  },
  {
    name: 'loopback, with fetch',
    send: async (port) => (await fetch(`http://127.0.0.1:${port}`)).text(),
    isTrusted: true,
  },
  {
    name: 'a proxy that is sent the whole URL',
    trusted: [TARGET],
    send: (port) => get({ host: TARGET, path: '/items', agent: new AbsoluteAgent(port) }),
  },
  {
    name: 'a proxy by hand: the URL as the path',
    trusted: [TARGET],
    send: (port) =>
      get({
        createConnection: () => connect(port),
        host: TARGET,
        path: 'http://other.example/items',
      }),
  },
  {
    name: 'a path with another host, on loopback',
    send: (port) => get({ host: '127.0.0.1', port, path: 'http://other.example/items' }),
  },
  {
    name: 'an agent that connects elsewhere, to a host that is not trusted',
    send: (port) => get({ host: 'other.example', agent: new ReroutingAgent(port) }),
  },
  {
    name: 'a socket that is given',
    send: (port) => get({ host: 'other.example', createConnection: () => connect(port) }),
  },
  {
    name: 'a Host header that is trusted, on another host',
    trusted: [TARGET],
    send: (port) =>
      get({
        host: 'other.example',
        createConnection: () => connect(port),
        headers: { host: TARGET },
      }),
  },
  {
    name: 'a lookup that answers with loopback',
    send: (port) =>
      get({
        host: 'courier.example',
        port,
        lookup: loopback,
      }),
  },
  {
    name: 'undici: its interceptor of names',
    send: (port) =>
      closing(
        new Agent().compose(
          interceptors.dns({
            lookup: lookup as Parameters<typeof interceptors.dns>[0] extends { lookup?: infer L }
              ? L
              : never,
          }),
        ),
        (dispatcher) => request(`http://courier.example:${port}/`, { dispatcher }),
      ),
  },
  {
    name: 'undici: a connector that goes elsewhere',
    send: (port) =>
      closing(new Agent({ connect: connectorTo(port) }), (dispatcher) =>
        request('http://courier.example/', { dispatcher }),
      ),
  },
  {
    name: 'undici: a proxy that reads the call',
    trusted: [TARGET],
    send: (port) =>
      closing(
        new ProxyAgent({
          uri: `http://proxy.example:${port}`,
          proxyTunnel: false,
          proxyTls: { lookup: loopback } as ProxyAgent.Options['proxyTls'],
        }),
        (dispatcher) => request(`http://${TARGET}/items`, { dispatcher }),
      ),
  },
  {
    name: 'undici: a pool of another origin',
    send: (port) =>
      closing(new Pool('http://courier.example', { connect: connectorTo(port) }), (dispatcher) =>
        dispatcher.request({ path: '/', method: 'GET' }),
      ),
  },
  {
    name: 'undici: a client with an interceptor that changes the origin',
    send: (port) =>
      closing(
        new Client(`http://127.0.0.1:${port}`).compose(
          (dispatch) => (options, handler) =>
            dispatch(
              { ...options, origin: 'http://other.example', path: 'http://other.example/' },
              handler,
            ),
        ),
        (dispatcher) => request(`http://127.0.0.1:${port}/`, { dispatcher }),
      ),
  },
];
