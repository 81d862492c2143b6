import { afterEach } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Client, type ExecutionResult } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { TracingModuleOptions } from '../../../src/index.js';
import { eventually, type Line } from '../../support/line-sink.js';
import { ServiceProcess } from '../../support/service-process.js';

export type Server = 'Apollo on Express' | 'Apollo on Fastify' | 'Mercurius';
export const SERVERS: readonly Server[] = ['Apollo on Express', 'Apollo on Fastify', 'Mercurius'];

type Headers = Record<string, string>;
type Params = Record<string, unknown>;
type Result = ExecutionResult<Record<string, any>>;

const sockets: GraphqlSocket[] = [];

afterEach(async () => {
  await Promise.all(sockets.splice(0).map((socket) => socket.close()));
});

/** A GraphQL endpoint in a process of its own, and clients of it. */
export class GraphqlApp {
  private constructor(
    readonly server: Server,
    readonly service: ServiceProcess,
  ) {}

  /** @param env `CALLBACKS` fills the slots that a user may fill. */
  static async start(
    server: Server,
    tracing: TracingModuleOptions = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<GraphqlApp> {
    const service = await ServiceProcess.start('test/instrumentation/graphql/recipes-service.ts', {
      SERVER: server,
      TRACING: JSON.stringify(tracing),
      ...env,
    });
    await service.linesOf('Nest application successfully started', 1);
    return new GraphqlApp(server, service);
  }

  get url(): string {
    return `127.0.0.1:${String(this.service.ready['port'])}/graphql`;
  }

  /** The transport of its sockets on an access log line. */
  get transport(): string {
    return this.server === 'Mercurius' ? 'graphql-transport-ws' : 'graphql-ws';
  }

  /** Forgets what it wrote so far. */
  clear(): void {
    this.service.clear();
  }

  get lines(): Line[] {
    return this.service.lines;
  }

  /** Waits until there are that many of these lines, and a little for one too many. */
  async linesOf(message: string, count: number): Promise<Line[]> {
    await this.service.linesOf(message, count);
    await sleep(30);
    return this.service.linesOf(message, count);
  }

  /** The access log lines of operations over sockets. */
  messages(count: number): Promise<Line[]> {
    return this.linesOf('Message finished', count);
  }

  /** The access log lines of HTTP requests that are not upgrades. */
  async requests(count: number): Promise<Line[]> {
    await this.linesOf('Request finished', count);
    return this.lines.filter(
      (line) => line.message === 'Request finished' && line['method'] === 'POST',
    );
  }

  /** Sends a body as it is. */
  post(body: unknown, headers: Headers = {}): Promise<Response> {
    return fetch(`http://${this.url}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async ask(query: string, headers: Headers = {}): Promise<Result> {
    const response = await this.post({ query }, headers);
    return (await response.json()) as Result;
  }

  /** A socket with these parameters, opened with these headers. */
  connect(connectionParams?: Params, headers: Headers = {}): GraphqlSocket {
    return new GraphqlSocket(`ws://${this.url}`, connectionParams, headers);
  }
}

export class GraphqlSocket {
  private readonly client: Client;
  private socket: WebSocket | undefined;

  constructor(url: string, connectionParams: Params | undefined, headers: Headers) {
    class SocketWithHeaders extends WebSocket {
      constructor(address: string, protocols: string | string[]) {
        super(address, protocols, { headers });
      }
    }
    this.client = createClient({
      url,
      webSocketImpl: SocketWithHeaders,
      retryAttempts: 0,
      lazy: false,
      onNonLazyError: () => {},
      ...(connectionParams !== undefined && { connectionParams }),
      on: { opened: (socket) => (this.socket = socket as WebSocket) },
    });
    sockets.push(this);
  }

  /** Begins an operation; its results come as they come. */
  start(query: string, operationName?: string): RunningOperation {
    return new RunningOperation(this.client, query, operationName);
  }

  /** Requests one result. */
  async ask(query: string): Promise<Result> {
    const { ended, results } = this.start(query);
    const error = await ended;
    if (results[0] === undefined) throw new Error(JSON.stringify(error));
    return results[0];
  }

  /** Cuts the line without a word. */
  cut(): void {
    this.socket?.terminate();
  }

  async close(): Promise<void> {
    await this.client.dispose();
  }
}

class RunningOperation {
  readonly results: Result[] = [];
  /** With the error that ended it, if one did. */
  readonly ended: Promise<unknown>;
  /** Stops the operation. */
  stop: () => void = () => {};

  constructor(client: Client, query: string, operationName: string | undefined) {
    this.ended = new Promise((resolve) => {
      this.stop = client.subscribe(
        { query, ...(operationName !== undefined && { operationName }) },
        {
          next: (result) => this.results.push(result as Result),
          error: (error) => resolve(error ?? 'no error'),
          complete: () => resolve(undefined),
        },
      );
    });
  }

  /** Waits for that many results. */
  async received(count: number): Promise<Result[]> {
    await eventually(() => this.results.length >= count, `${count} results`);
    return this.results;
  }
}
