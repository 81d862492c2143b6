import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename } from 'node:path/posix';
import { refusalOf } from './access.js';
import { receiveOtlp } from '../receiver/otlp-endpoint.js';
import { pageFile } from './page-files.js';
import type { RecordStore } from './record-store.js';
import type { RecordStream } from './record-stream.js';
import { setSecurityHeaders } from './security-headers.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

const OTLP_PATHS = { '/v1/traces': 'traces', '/v1/logs': 'logs' } as const;
/** No endpoint of the viewer, but one that exporters send to as well. */
const METRICS_PATH = '/v1/metrics';

/** Answers the requests below the viewer's path, on Node's own request and response. */
export class ViewerServer {
  constructor(
    private readonly options: ResolvedViewerOptions,
    private readonly store: RecordStore,
    private readonly stream: RecordStream,
  ) {}

  /** Whether a request is for the viewer. */
  owns({ url = '' }: IncomingMessage): boolean {
    const { path } = this.options;
    if (!url.startsWith(path)) return false;
    const next = url[path.length];
    return next === undefined || next === '/' || next === '?';
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    setSecurityHeaders(response);
    try {
      const refusal = await refusalOf(request, this.options.authorize);
      if (refusal !== undefined) sendText(response, 403, `Not shown: ${refusal}.`);
      else await this.route(request, response);
    } catch (error) {
      // An error of the viewer must not reach the application.
      if (!response.headersSent) sendText(response, 500, `Not shown: ${String(error)}`);
    }
  }

  private route(request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const path = pathname.slice(this.options.path.length);
    if (Object.hasOwn(OTLP_PATHS, path)) {
      return this.receive(path as keyof typeof OTLP_PATHS, request, response);
    }
    if (path === METRICS_PATH) return sendText(response, 404, 'Metrics are not shown here.');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return sendText(response, 405, 'The page is only read.');
    }
    if (path === '') return redirect(response, `./${basename(this.options.path)}/`);
    if (path === '/stream') return this.openStream(request, response, searchParams.get('from'));
    return sendFile(response, path === '/' ? 'index.html' : path.slice(1));
  }

  private receive(
    path: keyof typeof OTLP_PATHS,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> | void {
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      return sendText(response, 405, 'Send OTLP with POST.');
    }
    const { bodyBytes } = this.options.limits;
    return receiveOtlp(OTLP_PATHS[path], request, response, this.store, bodyBytes);
  }

  private openStream(
    request: IncomingMessage,
    response: ServerResponse,
    from: string | null,
  ): void {
    if (request.method === 'HEAD') {
      // A stream without data would never send its headers.
      response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' }).end();
      return;
    }
    // The header of a browser that reconnects is newer than the parameter in its URL.
    const lastEventId = request.headers['last-event-id'] ?? from;
    const isOpen = this.stream.open(response, String(lastEventId));
    if (!isOpen) sendText(response, 503, 'Too many pages are open.');
  }
}

function sendFile(response: ServerResponse, name: string): void {
  const file = pageFile(name);
  if (file === undefined) return sendText(response, 404, 'There is no such page.');
  response.writeHead(200, { 'Content-Type': file.contentType }).end(file.body);
}

/** To a relative URL: a proxy may have removed the beginning of the path. */
function redirect(response: ServerResponse, location: string): void {
  response.writeHead(308, { Location: location }).end();
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}
