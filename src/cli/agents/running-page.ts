import { tmpdir } from 'node:os';
import { asRow, type AnswerRow } from '../../viewer/summary/answers/answer-reader.js';
import { hubToken } from '../../viewer/server/hub/hub-place.js';
import { projectToken } from '../../viewer/server/token-file.js';
import { WrongUseError } from '../wrong-use.error.js';

export const DEFAULT_URL = 'http://localhost:3000/_traces';
const MAX_CHARACTERS = 2 ** 20;
const TIMEOUT_MS = 70_000;

/** The trace viewer of a running application, and what opens it. */
export interface RunningPage {
  readonly url: string | undefined;
  /** Default: that of the project in this folder, else that of the viewer which this user shares. */
  readonly token: string | undefined;
}

/**
 * Asks it through its MCP endpoint. The answer is the tool's, of which nothing is checked: who has the
 * port may be another program.
 *
 * @throws {Error} where there is no answer.
 */
export async function askPage(page: RunningPage, name: string, input: object): Promise<AnswerRow> {
  const url = endpointOf(page.url ?? process.env['TRACING_VIEWER_URL'] ?? DEFAULT_URL);
  const token = page.token ?? process.env['TRACING_VIEWER_TOKEN'];
  const message = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: input },
  };
  let response = await post(url, token ?? ownToken(url), message);
  const shared = token === undefined && isRefused(response) ? sharedToken() : undefined;
  if (shared !== undefined) response = await post(url, shared, message);
  return answerIn(response, url);
}

async function answerIn(response: Response, url: URL): Promise<AnswerRow> {
  refuseStatus(response, url);
  const message = asRow(JSON.parse(await textOf(response)));
  const error = asRow(message?.['error']);
  if (error !== undefined) throw new Error(`${url.origin} answered: ${String(error['message'])}`);
  const answer = asRow(asRow(message?.['result'])?.['structuredContent']);
  if (answer === undefined) throw new Error(`${url.href} is not a trace viewer`);
  return answer;
}

/** The token of this project, which is for this machine alone. */
function ownToken({ hostname }: URL): string {
  if (/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)) return projectToken(process.cwd());
  throw new WrongUseError(`Give --token: ${hostname} is another machine, which has another token.`);
}

/** The token of a viewer with `shared: true`; `undefined` where this user has no place for one. */
function sharedToken(): string | undefined {
  try {
    return hubToken(tmpdir());
  } catch {
    // The answer says that a token is needed.
    return undefined;
  }
}

/** Without what follows the path, such as the token of a link that was pasted. */
function endpointOf(text: string): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new WrongUseError(`--url ${text} is not an http or https URL.`);
  }
  const url = new URL(text);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/mcp`;
  url.search = '';
  url.hash = '';
  return url;
}

async function post(url: URL, token: string, message: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    // The token goes nowhere else.
    redirect: 'manual',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    const { cause = error } = error as { cause?: unknown };
    throw new Error(`${url.href} does not answer: ${(cause as Error).message}`);
  });
}

function isRefused({ status }: Response): boolean {
  return status === 401 || status === 403;
}

/** @throws {Error} for an answer that is not the viewer's. */
function refuseStatus(response: Response, url: URL): void {
  if (isRefused(response)) {
    throw new Error(
      `${url.href} needs its token: run this in the folder of the application, or give --token`,
    );
  }
  if (response.status >= 300 && response.status < 400) {
    throw new Error(`${url.href} answered with a redirect, which is not followed`);
  }
  if (response.status === 404) throw new Error(`${url.href} is not a trace viewer`);
}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_CHARACTERS) throw new Error('the answer is too long');
  }
  return text;
}
