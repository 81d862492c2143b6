import { request as httpRequest, type IncomingMessage } from 'node:http';
import { eventually } from '../support/line-sink.js';
import { ViewerToken } from '../../src/viewer/server/viewer-token.js';
import type { ViewRecord } from '../../src/viewer/view-records.js';

/** An answer, as it came over the socket. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** The token of this project, which a program sends as a bearer. */
export const VIEWER_TOKEN = ViewerToken.ofProject().value;
const WITH_TOKEN = { Authorization: `Bearer ${VIEWER_TOKEN}` };

/** Sends a request with the token, and with headers that `fetch` would not send, such as `Host`. */
export function ask(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  init?: { method?: string; body?: string | Buffer },
): Promise<RawAnswer> {
  return askWithoutToken(port, path, { ...WITH_TOKEN, ...headers }, init);
}

/** The same without the token. */
export function askWithoutToken(
  port: number,
  path: string,
  headers: Record<string, string> = {},
  { method = 'GET', body }: { method?: string; body?: string | Buffer } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: text }),
        );
      },
    );
    request.on('error', reject).end(body);
  });
}

/** The contexts that log while an application starts. */
const STARTUP = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'TracingModule',
]);

/** A page without a browser: the records of its stream, without the lines of the start. */
export class StreamReader {
  readonly records: ViewRecord[] = [];
  hello: Record<string, string> | undefined;
  lastId = '';
  hasEnded = false;
  private rest = '';

  private constructor(
    readonly status: number,
    private readonly response: IncomingMessage,
  ) {}

  static open(
    port: number,
    query = '',
    headers: Record<string, string> = {},
    path = '/_traces',
  ): Promise<StreamReader> {
    return new Promise((resolve, reject) => {
      const url = `${path}/stream${query}`;
      httpRequest(
        {
          host: '127.0.0.1',
          port,
          path: url,
          headers: { ...WITH_TOKEN, ...headers },
          agent: false,
        },
        (response) => {
          const reader = new StreamReader(response.statusCode!, response);
          response.setEncoding('utf8').on('data', (chunk: string) => reader.take(chunk));
          response.on('close', () => (reader.hasEnded = true));
          resolve(reader);
        },
      )
        .on('error', reject)
        .end();
    });
  }

  /** The records of a type, once there are that many. */
  async until<T extends ViewRecord['type']>(
    type: T,
    count: number,
  ): Promise<Extract<ViewRecord, { type: T }>[]> {
    const found = () =>
      this.records.filter((one): one is Extract<ViewRecord, { type: T }> => one.type === type);
    await eventually(() => found().length >= count, `${count} × ${type}`);
    return found();
  }

  close(): void {
    this.response.destroy();
  }

  /** Reads no more, so that what is sent piles up. */
  stall(): void {
    this.response.pause();
  }

  resume(): void {
    this.response.resume();
  }

  private take(chunk: string): void {
    const events = (this.rest + chunk).split('\n\n');
    this.rest = events.pop() ?? '';
    for (const event of events) this.takeEvent(event);
  }

  private takeEvent(event: string): void {
    const field = (name: string): string | undefined =>
      event
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    const data = field('data');
    if (data === undefined) return;
    if (field('event') === 'hello') this.hello = JSON.parse(data) as Record<string, string>;
    else this.records.push(...(JSON.parse(data) as ViewRecord[]).filter(isOfInterest));
    this.lastId = field('id') ?? this.lastId;
  }
}

function isOfInterest(record: ViewRecord): boolean {
  return record.type !== 'line' || !STARTUP.has(record.context ?? '');
}
