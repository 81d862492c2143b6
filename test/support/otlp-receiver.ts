import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { gunzipSync } from 'node:zlib';

const require = createRequire(import.meta.url);

// OpenTelemetry's own definitions of the protocol, compiled.
const { opentelemetry } = require('otlp-definitions/build/src/generated/root.js') as {
  opentelemetry: { proto: { collector: Record<string, { v1: Record<string, Codec> }> } };
};

interface Codec {
  decode(bytes: Uint8Array): object;
  fromObject(json: object): object;
  toObject(message: object, options: object): Record<string, any>;
}

const PLAIN = { longs: String, bytes: String, enums: Number, defaults: true, arrays: true };

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { code: number };
  readonly events: { name: string; attributes: Record<string, unknown> }[];
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
}

export interface ReceivedLog {
  readonly body: string;
  readonly severityText: string;
  readonly severityNumber: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly timeUnixNano: string;
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
}

/** A collector that decodes what it gets, in either encoding, and answers as a test wants. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  readonly logs: ReceivedLog[] = [];
  readonly requests: IncomingMessage[] = [];
  /** What was sent, unpacked. */
  readonly bodies: Buffer[] = [];
  /** Answers instead of the collector; returns whether it took the data. */
  answer: ((response: ServerResponse, count: number) => boolean) | undefined;

  private constructor(private readonly server: Server) {}

  static async start(port = 0): Promise<OtlpReceiver> {
    const server = createServer();
    const receiver = new OtlpReceiver(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => receiver.take(request, response, Buffer.concat(chunks)));
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as { port: number }).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    this.requests.push(request);
    if (this.answer !== undefined && !this.answer(response, this.requests.length)) return;
    const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    this.bodies.push(bytes);
    const isJson = request.headers['content-type'] === 'application/json';
    if (request.url === '/v1/traces') this.takeSpans(decode('trace', bytes, isJson));
    if (request.url === '/v1/logs') this.takeLogs(decode('logs', bytes, isJson));
    if (this.answer !== undefined) return;
    response.writeHead(200).end(isJson ? '{}' : undefined);
  }

  private takeSpans({ resourceSpans }: Record<string, any>): void {
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const span of scopeSpans.flatMap((scope: any) => scope.spans)) {
        this.spans.push({
          ...span,
          attributes: recordOf(span.attributes),
          events: span.events.map((event: any) => ({
            ...event,
            attributes: recordOf(event.attributes),
          })),
          resource: recordOf(resource.attributes),
        });
      }
    }
  }

  private takeLogs({ resourceLogs }: Record<string, any>): void {
    for (const { resource, scopeLogs } of resourceLogs) {
      for (const record of scopeLogs.flatMap((scope: any) => scope.logRecords)) {
        this.logs.push({
          ...record,
          body: record.body.stringValue,
          attributes: recordOf(record.attributes),
          resource: recordOf(resource.attributes),
        });
      }
    }
  }
}

function decode(signal: 'trace' | 'logs', bytes: Buffer, isJson: boolean): Record<string, any> {
  const name = signal === 'trace' ? 'ExportTraceServiceRequest' : 'ExportLogsServiceRequest';
  const codec = opentelemetry.proto.collector[signal]!.v1[name]!;
  // In JSON, ids are hexadecimal, where protobuf's own JSON has base64.
  const message = isJson
    ? codec.fromObject(withIds(JSON.parse(bytes.toString()) as object, 'hex', 'base64'))
    : codec.decode(bytes);
  return withIds(codec.toObject(message, PLAIN), 'base64', 'hex');
}

/** The same with all of its ids in another encoding. */
function withIds<T>(value: T, from: BufferEncoding, to: BufferEncoding): T {
  if (Array.isArray(value)) return value.map((item: unknown) => withIds(item, from, to)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]: [string, unknown]) => {
    const isId = ['traceId', 'spanId', 'parentSpanId'].includes(key) && typeof item === 'string';
    return [key, isId ? Buffer.from(item, from).toString(to) : withIds(item, from, to)];
  });
  return Object.fromEntries(entries) as T;
}

function recordOf(attributes: { key: string; value: Record<string, unknown> }[]) {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { stringValue, boolValue, intValue, doubleValue } = value;
      if (intValue !== undefined) return [key, Number(intValue)];
      return [key, stringValue ?? boolValue ?? doubleValue];
    }),
  );
}
