import { isAccessLogLine, type LogEntry } from '../system/log-entry.js';
import type { Answer, DemoRequest } from './requests.js';

/** How the results differ from what is expected, in sentences. */
export function problemsOfRequests(answers: readonly Answer[], log: readonly LogEntry[]): string[] {
  return answers.flatMap(({ request, response }) => {
    const lines = log.filter((entry) => entry.request_id === request.requestId);
    const problems = [...problemsOfResponse(request, response), ...problemsOfLines(request, lines)];
    return problems.map(
      (problem) => `${request.requestId}, ${request.method} ${request.path}: ${problem}`,
    );
  });
}

function* problemsOfResponse(request: DemoRequest, response: Response): Iterable<string> {
  const { status } = request.expected;
  if (response.status !== status) yield `status ${response.status} instead of ${status}`;
  const requestId = response.headers.get('X-Request-ID');
  if (requestId !== request.requestId) yield `answered with X-Request-ID ${requestId}`;
}

function* problemsOfLines(request: DemoRequest, lines: readonly LogEntry[]): Iterable<string> {
  const { outcome, messages } = request.expected;
  const outcomes = lines.filter(isAccessLogLine).map((finish) => finish.outcome);
  if (outcomes.join() !== outcome) {
    yield `finished as [${outcomes.join(', ')}] instead of [${outcome}]`;
  }
  const written = lines.map((entry) => entry.message);
  if (written.filter((message) => messages.includes(message)).join() !== messages.join()) {
    yield `wrote [${written.join(', ')}] instead of [${messages.join(', ')}]`;
  }
  const strangers = lines.filter((entry) => entry.session_id !== request.sessionId);
  if (strangers.length > 0) yield `${strangers.length} lines carry another session`;
}
