import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import type {
  ViewLine,
  ViewRecord,
  ViewRequest,
  ViewSpan,
} from '../../../src/viewer/view-records.js';
import { otlpResponse } from '../../../src/viewer/receiver/otlp-response.js';
import { readOtlp } from '../../../src/viewer/receiver/read-otlp.js';

/** What exporters send, as the trace viewer receives it. */
export class ViewReceiver {
  readonly records: ViewRecord[] = [];
  /** The content types that came in. */
  readonly types = new Set<string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ViewReceiver> {
    const server = createServer();
    const receiver = new ViewReceiver(server);
    server.on('request', (request, response) => void receiver.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get requests(): ViewRequest[] {
    return this.records.filter((record) => record.type === 'request');
  }

  get spans(): ViewSpan[] {
    return this.records.filter((record) => record.type === 'span');
  }

  get lines(): ViewLine[] {
    return this.records.filter((record) => record.type === 'line');
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { 'content-type': type = '', 'content-encoding': coding } = request.headers;
    this.types.add(type);
    const encoding = type === 'application/json' ? 'json' : 'protobuf';
    const signal = request.url === '/v1/traces' ? 'traces' : 'logs';
    const bytes = coding === 'gzip' ? gunzipSync(body) : body;
    const records = await readOtlp(signal, encoding, bytes);
    this.records.push(...(records ?? []));
    response.writeHead(records === undefined ? 400 : 200, { 'content-type': type });
    response.end(otlpResponse(encoding, records === undefined ? 'malformed' : undefined));
  }
}
