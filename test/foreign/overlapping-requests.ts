import { expect } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { eventually, type Line, type LineSink } from '../support/line-sink.js';

// The harness of the applications in this folder: two hundred requests that overlap, and what has
// to be true of the answers and of the log, whatever else the application has installed.

const REQUESTS = 200;

/** How far apart the first and the last request begin, milliseconds. */
const SPREAD_MS = 60;
const LONGEST_PAUSE_MS = 6;
const KEPT_CONNECTIONS = 24;
/** How many wrong lines a failed test shows. */
const EXAMPLES = 3;

/** What is sent, each request under a number of its own. */
export interface Traffic {
  path(n: number): string;
  method?: 'GET' | 'POST';
  headers?(n: number): Record<string, string>;
  body?(n: number): string;
  /** The status of the answer and of the access log line. Default 200. */
  status?(n: number): number;
  /** Default `errored` from 500, else `completed`. */
  outcome?(n: number): string;
  /** The level of the access log line. By default it follows from the status. */
  level?(n: number): string;
  /** What the access log line has to have besides. By default what `own` sets. */
  fields?(n: number): object;
  /** How many lines the application writes for it, if that is known. */
  lines?(n: number): number;
  /** `false` where the application does not trust its callers: it makes its own ids. */
  isTrusted?: boolean;
  /** Lines that are not of requests, such as those of jobs that they add. */
  isIgnored?(line: Line): boolean;
  /** The number of requests. Default 200. */
  count?: number;
}

export interface Answer {
  readonly n: number;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly requestId: string;
  readonly traceId: string;
}

/** What an application did for the requests, once all that was promised has been checked. */
export interface Found {
  readonly answers: readonly Answer[];
  readonly finished: readonly Line[];
  /** The lines of the application, without the access log lines. */
  readonly lines: readonly Line[];
}

const logger = new Logger('Foreign');

/** Writes a line of request `n`: the number is what the application itself knows, not its ids. */
export function say(n: number | string, text: string): void {
  logger.log(text, { n: Number(n) });
}

/** A timer, a turn of the event loop or a microtask, so that requests overtake each other. */
export async function pause(): Promise<void> {
  const pace = Math.floor(Math.random() * LONGEST_PAUSE_MS);
  if (pace === 0) await setImmediate();
  else if (pace > 1) await sleep(pace);
}

/**
 * Sends the requests, waits for the log, and checks both: no line with the ids of another request,
 * none without ids, one access log line for each request with the right status, outcome and
 * fields, the right headers on each answer.
 */
export async function overlapRequests(
  app: { readonly port: number; readonly sink: LineSink },
  traffic: Traffic,
): Promise<Found> {
  const { count = REQUESTS, isIgnored = () => false } = traffic;
  const { sink } = app;
  sink.clear();
  const agent = new Agent({ keepAlive: true, maxSockets: KEPT_CONNECTIONS });
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, n) => {
      await sleep(Math.random() * SPREAD_MS);
      return send(app.port, n, traffic, n % 3 === 0 ? false : agent);
    }),
  ).finally(() => agent.destroy());
  checkAnswers(answers, traffic);
  await eventually(() => sink.finished.length >= count, `${count} access log lines`);
  if (traffic.lines !== undefined) {
    const expected = answers.reduce((sum, { n }) => sum + traffic.lines!(n), count);
    const written = (): number => sink.lines.filter((line) => !isIgnored(line)).length;
    await eventually(() => written() >= expected, `${expected} lines`);
  }
  // A little for one too many.
  await sleep(20);
  const found = {
    answers,
    finished: sink.finished,
    lines: sink.lines.filter((line) => line.message !== 'Request finished' && !isIgnored(line)),
  };
  checkLines(found, traffic);
  checkFinished(found, traffic);
  return found;
}

/** The ids that a client sends under a number: two in three name a trace too. */
export function idsOf(n: number): { requestId: string; traceId: string; sessionId: string } {
  const requestId = `request-${n}`;
  const hex = `feed${n.toString(16).padStart(28, '0')}`;
  return { requestId, traceId: n % 3 === 0 ? requestId : hex, sessionId: `session-${n % 10}` };
}

/** A trace id as `traceparent` has it. */
export function w3cTraceId(traceId: string): string {
  if (/^[0-9a-f]{32}$/.test(traceId)) return traceId;
  return createHash('sha256').update(traceId).digest('hex').slice(0, 32);
}

function headersOf(n: number): Record<string, string> {
  const { requestId, traceId, sessionId } = idsOf(n);
  const headers: Record<string, string> = {
    'x-request-id': requestId,
    'x-session-id': sessionId,
  };
  if (traceId !== requestId) headers['traceparent'] = `00-${traceId}-cafe000000000001-01`;
  return headers;
}

function send(port: number, n: number, traffic: Traffic, agent: Agent | false): Promise<Answer> {
  const body = traffic.body?.(n);
  const headers = { ...headersOf(n), ...traffic.headers?.(n) };
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body));
  return new Promise((resolve, reject) => {
    const { method = body === undefined ? 'GET' : 'POST' } = traffic;
    const options = { host: '127.0.0.1', port, path: traffic.path(n), method, headers, agent };
    const call = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          n,
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          requestId: String(response.headers['x-request-id']),
          traceId: String(response.headers['x-trace-id']),
        }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

function checkAnswers(answers: readonly Answer[], traffic: Traffic): void {
  const { isTrusted = true, status = () => 200 } = traffic;
  expect(wrong(answers, ({ n, status: found }) => found === status(n))).toEqual([]);
  expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(answers.length);
  expect(
    wrong(answers, ({ n, requestId, traceId }) => {
      const sent = idsOf(n);
      return isTrusted
        ? requestId === sent.requestId && traceId === sent.traceId
        : requestId !== sent.requestId && w3cTraceId(traceId) === traceId;
    }),
  ).toEqual([]);
}

function checkLines({ answers, lines }: Found, { lines: countOf }: Traffic): void {
  const written = new Map<number, number>();
  const another: Line[] = [];
  const without: Line[] = [];
  for (const line of lines) {
    const n = numberOf(line);
    const answer = answers[n];
    written.set(n, (written.get(n) ?? 0) + 1);
    if (line.request_id === '-' || line.request_id === undefined) without.push(line);
    else if (!isOf(line, answer)) another.push(line);
  }
  const counts = { another: another.length, without: without.length };
  const examples = [...another.slice(0, EXAMPLES), ...without.slice(0, EXAMPLES)].map(
    (line) => `request ${numberOf(line)}, ${line.request_id}: ${line.message}`,
  );
  expect({ ...counts, examples }).toEqual({ another: 0, without: 0, examples: [] });
  if (countOf === undefined) expect(lines.length).toBeGreaterThanOrEqual(answers.length);
  else expect(wrong(answers, ({ n }) => (written.get(n) ?? 0) === countOf(n))).toEqual([]);
}

function checkFinished({ answers, finished }: Found, traffic: Traffic): void {
  const byId = new Map(finished.map((line) => [line.request_id, line]));
  expect({ lines: finished.length, ids: byId.size }).toEqual({
    lines: answers.length,
    ids: answers.length,
  });
  const { status = () => 200 } = traffic;
  const outcome = traffic.outcome ?? ((n) => (status(n) >= 500 ? 'errored' : 'completed'));
  const level = traffic.level ?? ((n) => levelOf(status(n)));
  const fields = traffic.fields ?? ((n) => ({ own: `own-${n}` }));
  for (const answer of answers) {
    const { n } = answer;
    const line = byId.get(answer.requestId);
    expect(line).toMatchObject({
      trace_id: answer.traceId,
      path: traffic.path(n).split('?')[0],
      status_code: status(n),
      outcome: outcome(n),
      level: level(n),
      ...fields(n),
    });
    expect(isOf(line!, answer)).toBe(true);
  }
}

/** Whose a line is: what NestJS writes of an error has the number in its text only. */
function numberOf({ n, message }: Line): number {
  return Number(n ?? /\d+/.exec(message)?.[0]);
}

/** Whether a line has the ids of a request; a session that was not adopted can be any. */
function isOf(line: Line, answer: Answer | undefined): boolean {
  if (answer === undefined) return false;
  const sent = idsOf(answer.n);
  const isAdopted = answer.requestId === sent.requestId;
  return (
    line.request_id === answer.requestId &&
    line.trace_id === answer.traceId &&
    (!isAdopted || line.session_id === sent.sessionId)
  );
}

function levelOf(status: number): string {
  if (status >= 500) return 'error';
  return status >= 400 ? 'warn' : 'info';
}

function wrong(
  answers: readonly Answer[],
  isRight: (answer: Answer) => boolean,
): { n: number; status: number; requestId: string; traceId: string; body: string }[] {
  return answers
    .filter((answer) => !isRight(answer))
    .slice(0, EXAMPLES)
    .map(({ n, status, requestId, traceId, body }) => ({ n, status, requestId, traceId, body }));
}
