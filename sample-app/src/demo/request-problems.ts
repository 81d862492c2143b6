import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import { list, type Difference } from './difference.js';
import type { Answer, DemoRequest } from './requests.js';

/** How the results differ from what is expected. */
export function problemsOfRequests(
  answers: readonly Answer[],
  log: readonly LogEntry[],
): Difference[] {
  return answers.flatMap(({ request, response }) => {
    const lines = log.filter((entry) => entry.request_id === request.requestId);
    const problems = [...problemsOfResponse(request, response), ...problemsOfLines(request, lines)];
    const { requestId, method, path } = request;
    return problems.map(({ what, ...rest }) => ({
      what: `${requestId}, ${method} ${path}: ${what}`,
      ...rest,
    }));
  });
}

function* problemsOfResponse(request: DemoRequest, response: Response): Iterable<Difference> {
  const expected = String(request.expected.status);
  const seen = String(response.status);
  if (seen !== expected) yield { what: 'status', expected, seen };
  const requestId = response.headers.get('X-Request-ID');
  if (requestId !== request.requestId) {
    yield { what: 'X-Request-ID', expected: request.requestId, seen: String(requestId) };
  }
}

function* problemsOfLines(request: DemoRequest, lines: readonly LogEntry[]): Iterable<Difference> {
  const { outcome, messages } = request.expected;
  const outcomes = lines.filter(isAccessLogLine).map((finish) => finish.outcome ?? '');
  if (outcomes.join() !== outcome) {
    yield { what: 'outcome', expected: list([outcome]), seen: list(outcomes) };
  }
  const written = lines.map((entry) => entry.message);
  if (written.filter((message) => messages.includes(message)).join() !== messages.join()) {
    yield { what: 'lines', expected: list(messages), seen: list(written) };
  }
  const sessions = new Set(lines.map((entry) => entry.session_id));
  sessions.delete(request.sessionId);
  if (sessions.size > 0) {
    yield { what: 'session', expected: request.sessionId, seen: list([...sessions]) };
  }
}
