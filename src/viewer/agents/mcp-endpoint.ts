import type { IncomingMessage, ServerResponse } from 'node:http';
import { plainJson } from '../plain-json.js';
import { closeAfter } from '../receiver/close-after.js';
import { BodyReader } from '../receiver/request-body.js';
import type { AgentQuestions } from './agent-questions.js';
import {
  answerMessage,
  invalidRequest,
  parseError,
  type CallTool,
  type McpResponse,
} from './mcp-messages.js';

const BODY_BYTES = 64 * 1024;
const MAX_BODIES = 16;
/** Requests that are being answered at the same time, those that wait included. */
const MAX_ANSWERING = 32;
const MAX_BATCH = 20;
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;

/**
 * The tools of the trace viewer for coding agents, over MCP: Streamable HTTP without sessions and
 * without streams. `POST` takes a message, or a batch of at most 20 of them, and answers with JSON.
 *
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
export class McpEndpoint {
  private answering = 0;
  private readonly bodies = new BodyReader({
    bodyBytes: BODY_BYTES,
    totalBytes: BODY_BYTES * MAX_BODIES,
    bodies: MAX_BODIES,
  });

  constructor(private readonly questions: AgentQuestions) {}

  /** Answers a request that may see the viewer. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    if (method !== 'POST') {
      response.setHeader('Allow', 'POST');
      return this.refuse(request, response, 405, 'Send messages of MCP with POST.');
    }
    if (!JSON_TYPE.test(headers['content-type'] ?? '') || headers['content-encoding']) {
      return this.refuse(request, response, 415, 'Send JSON, as application/json.');
    }
    if (this.answering >= MAX_ANSWERING) {
      return this.refuse(request, response, 503, 'Too many questions at once.');
    }
    this.answering++;
    try {
      const body = await this.bodies.read(request);
      if (typeof body === 'number') {
        return this.refuse(request, response, body, 'The body was not received.');
      }
      const text = body.bytes.toString('utf8');
      body.release();
      send(response, await this.answerBody(text, request, response));
    } finally {
      this.answering--;
    }
  }

  private async answerBody(
    text: string,
    { headers }: IncomingMessage,
    response: ServerResponse,
  ): Promise<McpResponse> {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return parseError();
    }
    const disconnected = new AbortController();
    response.once('close', () => disconnected.abort());
    const call: CallTool = (name, input) => this.questions.answer(name, input, disconnected.signal);
    if (!Array.isArray(message)) return answerMessage(message, headers, call);
    if (message.length === 0 || message.length > MAX_BATCH) {
      return invalidRequest(`A batch has 1 to ${MAX_BATCH} messages.`);
    }
    const bodies: object[] = [];
    for (const one of message as unknown[]) {
      const { body } = await answerMessage(one, headers, call);
      if (body !== undefined) bodies.push(body);
    }
    return bodies.length === 0 ? { status: 202 } : { status: 200, body: bodies };
  }

  private refuse(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    why: string,
  ): void {
    if (!request.complete) closeAfter(request, response);
    send(response, { ...invalidRequest(why), status });
  }
}

function send(response: ServerResponse, { status, body }: McpResponse): void {
  if (response.destroyed) return;
  if (body === undefined) response.writeHead(status).end();
  else
    response
      .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
      .end(plainJson(body));
}
