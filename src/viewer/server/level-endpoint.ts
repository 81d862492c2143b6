import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LevelRuleControl } from '../../options/level-rule-options.js';
import { TracingConfigError } from '../../records/tracing-config.error.js';
import { closeAfter } from '../receiver/close-after.js';
import { BodyReader } from '../receiver/request-body.js';
import { isFromAnotherSite } from './access.js';

/** The path of the endpoint, below that of the viewer. */
const LEVELS_PATH = '/levels';

const BODY_LIMITS = { bodyBytes: 16 * 1024, totalBytes: 256 * 1024, bodies: 16, timeMs: 5000 };
const JSON_TYPE = /^application\/json\s*(?:;|$)/i;
const METHODS = 'GET, HEAD, POST, DELETE';

/**
 * Shows and changes what is logged at a more verbose level than the logger's:
 *
 * - `GET levels` → `{ levels, rules }`: the names of the levels, most severe first, and the rules.
 * - `POST levels` with `{ target, level, forMs?, entries? }` as JSON → 201 and the rule.
 * - `DELETE levels/<id>` and `DELETE levels` → `{ removed }`: how many rules.
 *
 * Who may see the viewer may do so, from the viewer's own page or from no page at all: a body is
 * JSON, which no form of another site can send.
 */
export class LevelEndpoint {
  private readonly bodies = new BodyReader(BODY_LIMITS);

  /** @param rules those of the application; `undefined` where there are none to set. */
  constructor(private readonly rules: LevelRuleControl | undefined) {}

  /** Whether a path below the viewer's is of this endpoint. */
  static owns(path: string): boolean {
    return path === LEVELS_PATH || path.startsWith(`${LEVELS_PATH}/`);
  }

  /** Answers a request that may see the viewer. */
  async answer(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const { rules } = this;
    const { method = '' } = request;
    const id = path.slice(LEVELS_PATH.length + 1);
    if (rules === undefined) return refuse(request, response, 404, 'There are no levels to set.');
    if (method === 'GET' || method === 'HEAD') {
      const all = rules.list();
      if (id === '') return sendJson(response, 200, { levels: rules.levels, rules: all });
      const rule = all.find((one) => one.id === id);
      return rule === undefined
        ? refuse(request, response, 404, 'There is no such rule.')
        : sendJson(response, 200, rule);
    }
    if (method !== 'DELETE' && (method !== 'POST' || id !== '')) {
      response.setHeader('Allow', id === '' ? METHODS : 'GET, HEAD, DELETE');
      return refuse(request, response, 405, 'Rules are read, set and removed.');
    }
    // A page of another site may open this one, but change nothing.
    if (isFromAnotherSite(request.headers['sec-fetch-site'])) {
      return refuse(request, response, 403, 'It comes from another site.');
    }
    if (method === 'POST') return this.set(request, response, rules);
    const removed = rules.clear(id === '' ? undefined : id);
    if (id !== '' && removed === 0) return refuse(request, response, 404, 'There is no such rule.');
    if (!request.complete) closeAfter(request, response);
    sendJson(response, 200, { removed });
  }

  private async set(
    request: IncomingMessage,
    response: ServerResponse,
    rules: LevelRuleControl,
  ): Promise<void> {
    const { 'content-type': type = '', 'content-encoding': encoding } = request.headers;
    if (!JSON_TYPE.test(type) || encoding !== undefined) {
      return refuse(request, response, 415, 'Send JSON, as application/json.');
    }
    const body = await this.bodies.read(request);
    if (typeof body === 'number') {
      closeAfter(request, response);
      return sendJson(response, body, { error: 'The body was not received.' });
    }
    let rule: unknown;
    try {
      rule = JSON.parse(body.bytes.toString('utf8'));
    } catch {
      // It is no JSON, which the answer says.
    } finally {
      body.release();
    }
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) {
      return sendJson(response, 400, { error: 'The body is no JSON object.' });
    }
    setRule(response, rules, rule);
  }
}

interface RequestedRule {
  target?: unknown;
  level?: unknown;
  forMs?: unknown;
  entries?: unknown;
}

function setRule(response: ServerResponse, rules: LevelRuleControl, requested: object): void {
  const { target, level, ...options } = requested as RequestedRule;
  try {
    const id = Reflect.apply(rules.set, rules, [target, level, options]);
    const rule = rules.list().find((one) => one.id === id);
    sendJson(response, 201, rule ?? { id });
  } catch (error) {
    if (!(error instanceof TracingConfigError)) throw error;
    const status = error.code === 'TOO_MANY_LEVEL_RULES' ? 409 : 400;
    sendJson(response, status, { error: error.message, code: error.code });
  }
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: string,
): void {
  if (!request.complete) closeAfter(request, response);
  sendJson(response, status, { error });
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
    .end(`${JSON.stringify(value)}\n`);
}
