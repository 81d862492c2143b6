import { processOf, type LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';
import { textLine } from '../terminal/log-line.js';
import { figure } from '../terminal/figure.js';
import { heading, print, terminalColumns } from '../terminal/terminal.js';
import type { Difference } from './difference.js';
import type { LogRecorder } from './log-recorder.js';
import { problemsOfRequests } from './request-problems.js';
import { figureRequests, send } from './requests.js';
import { sortedByRequest } from './sorted-by-request.js';

/** First part: the interleaved log of one service, sorted by its ids. Returns the differences. */
export async function sendFiveRequests(
  system: System,
  recorder: LogRecorder,
): Promise<Difference[]> {
  const requestIds = new Set(figureRequests.map(({ requestId }) => requestId));
  const isTheirs = (entry: LogEntry): boolean =>
    processOf(entry) === 'gateway' && requestIds.has(entry.request_id);
  const printLine = (entry: LogEntry): void => {
    if (isTheirs(entry)) print(textLine(entry));
  };

  print(heading('Five requests at once: the mixed log, as it happens'));
  system.on('line', printLine);
  const answers = await Promise.all(
    figureRequests.map((request) => send(system.urls.gateway, request)),
  );
  const log = await recorder.linesAfter(figureRequests.length, isTheirs);
  system.off('line', printLine);

  print(heading('The same as a figure'));
  print(figure(log, terminalColumns()));
  print(heading('The same lines, sorted by request'));
  print(
    'Requests that failed, or took longer than a second, have their steps below their lines.\n',
  );
  print(sortedByRequest(log));
  return problemsOfRequests(answers, log);
}
