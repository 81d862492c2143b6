import type { IncomingMessage, ServerResponse } from 'node:http';
import { basename } from 'node:path/posix';
import {
  isFromAnotherSite,
  pageRefusal,
  senderRefusal,
  type Gate,
  type Refusal,
} from './access.js';
import { AgentQuestions } from '../agents/agent-questions.js';
import { McpEndpoint } from '../agents/mcp-endpoint.js';
import { RecordIndex } from '../agents/record-index.js';
import { closeAfter } from '../receiver/close-after.js';
import { OtlpReceiver } from '../receiver/otlp-endpoint.js';
import type { ProcessHub } from './hub/process-hub.js';
import { LevelEndpoint } from './level-endpoint.js';
import { pageFile } from './page-files.js';
import type { RecordStore } from './record-store.js';
import type { RecordStream } from './record-stream.js';
import { setSecurityHeaders } from './security-headers.js';
import type { ViewerLink } from './viewer-link.js';
import type { ResolvedViewerOptions } from './viewer-options.js';

const OTLP_PATHS = { '/v1/traces': 'traces', '/v1/logs': 'logs' } as const;
/** No endpoint of the viewer, but one that exporters send to as well. */
const METRICS_PATH = '/v1/metrics';
const HOW_TO_GET_IN =
  'To open the trace viewer, follow the link that the application printed on standard error when it started. You need it once in each browser. Programs send the token of the link as `Authorization: Bearer <token>`.';

/** Answers the requests below the viewer's path, on Node's own request and response. */
export class ViewerServer {
  private readonly receiver: OtlpReceiver;
  private readonly agents: McpEndpoint;

  /**
   * @param link the link to the viewer, where a token opens it.
   * @param hub the processes whose records one page shows.
   */
  constructor(
    private readonly options: ResolvedViewerOptions,
    private readonly gate: Gate,
    private readonly link: ViewerLink | undefined,
    store: RecordStore,
    private readonly stream: RecordStream,
    private readonly levels: LevelEndpoint,
    private readonly hub: ProcessHub | undefined,
  ) {
    this.receiver = new OtlpReceiver(store, options.limits.bodyBytes);
    const index = new RecordIndex(store, options.limits);
    this.agents = new McpEndpoint(new AgentQuestions(index, () => stream.isClosed));
  }

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
      const { pathname, search, searchParams } = new URL(request.url!, 'http://localhost');
      const path = pathname.slice(this.options.path.length);
      const isSent = Object.hasOwn(OTLP_PATHS, path) || path === METRICS_PATH;
      if (!isSent && this.answerLink(request, response, path, searchParams.get('token'))) return;
      const refusal = await (isSent ? senderRefusal : pageRefusal)(request, this.gate);
      if (refusal !== undefined) return this.refuse(request, response, refusal);
      // What is sent is received here, and goes to the page with this process's own records.
      const isOwn = isSent || path === '';
      if (isOwn || !(await this.hub?.pass(`${path}${search}`, request, response)))
        await this.route(request, response, path, searchParams.get('from'));
    } catch (error) {
      // An error of the viewer must not reach the application.
      if (!response.headersSent) sendText(response, 500, `Not shown: ${String(error)}`);
    }
  }

  /** Answers a request that another process passes on. Its URL is what follows the viewer's path. */
  async answerPassedOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const { pathname, searchParams } = new URL(`http://localhost${request.url}`);
      await this.route(request, response, pathname, searchParams.get('from'));
    } catch (error) {
      if (!response.headersSent) sendText(response, 500, `Not shown: ${String(error)}`);
    }
  }

  /** Answers the link with the token by a cookie and the way to the page. Returns whether it is one. */
  private answerLink(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    token: string | null,
  ): boolean {
    const { gate } = this;
    if (token === null || !('token' in gate) || !gate.token.matches(token)) return false;
    if ((path !== '' && path !== '/') || !isRead(request)) return false;
    response.setHeader('Set-Cookie', gate.token.cookies(request, this.options.path));
    const location = path === '/' ? './' : `./${basename(this.options.path)}/`;
    // A browser sends the cookie only with what the page itself causes: not with a redirect that
    // answers a link on another site, such as a terminal in the browser.
    if (isFromAnotherSite(request.headers['sec-fetch-site'])) {
      response.setHeader('Refresh', `0; url=${location}`);
      sendText(response, 200, 'The traces open in a moment.');
    } else {
      response.writeHead(303, { Location: location }).end();
    }
    return true;
  }

  private refuse(
    request: IncomingMessage,
    response: ServerResponse,
    { status, reason }: Refusal,
  ): void {
    if (!request.complete) closeAfter(request, response);
    if (status !== 401) return sendText(response, status, `Not shown: ${reason}.`);
    this.link?.printForRequest(request);
    response.setHeader('WWW-Authenticate', 'Bearer realm="nestjs-tracing"');
    // A link on another site comes without the cookie; the page that reloads itself has it.
    const { 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
    if (isFromAnotherSite(site) && mode === 'navigate') response.setHeader('Refresh', '0');
    sendText(response, status, HOW_TO_GET_IN);
  }

  private route(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    from: string | null,
  ): Promise<void> | void {
    if (Object.hasOwn(OTLP_PATHS, path)) {
      return this.receive(path as keyof typeof OTLP_PATHS, request, response);
    }
    if (path === METRICS_PATH) {
      if (!request.complete) closeAfter(request, response);
      return sendText(response, 404, 'Metrics are not shown here.');
    }
    if (LevelEndpoint.owns(path)) return this.levels.answer(request, response, path);
    if (path === '/mcp') return this.agents.answer(request, response);
    if (!isRead(request)) {
      if (!request.complete) closeAfter(request, response);
      response.setHeader('Allow', 'GET, HEAD');
      return sendText(response, 405, 'The page is only read.');
    }
    if (path === '') return redirect(response, `./${basename(this.options.path)}/`);
    if (path === '/stream') return this.openStream(request, response, from);
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
    return this.receiver.receive(OTLP_PATHS[path], request, response);
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

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
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
