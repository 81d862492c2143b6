import { processOf, type LogEntry } from '../system/log-entry.js';
import type { System } from '../system/system.js';
import { processLine } from '../terminal/log-line.js';
import { heading, print } from '../terminal/terminal.js';
import type { Difference } from './difference.js';
import type { LogRecorder } from './log-recorder.js';
import { countFinished, nightlyLog, logProblems } from './expected-log.js';

/** Third part: scheduled work has a trace of its own. Returns the differences. */
export async function runNightlyJob(system: System, recorder: LogRecorder): Promise<Difference[]> {
  await system.run('nightly', '--now');
  const isRun = (entry: LogEntry): boolean =>
    processOf(entry) === 'nightly' && entry.message === 'Settling the day';
  const [first] = await recorder.linesAfter(0, isRun);
  if (first === undefined) {
    return [{ what: 'the nightly job', expected: 'one run', seen: 'none' }];
  }

  const isOfRun = ({ trace_id }: LogEntry): boolean => trace_id === first.trace_id;
  const log = await recorder.linesAfter(countFinished(nightlyLog), isOfRun);
  print(heading(`The nightly job, run by hand, has a trace of its own: ${first.trace_id}`));
  print(log.map(processLine).join('\n'));
  return logProblems(nightlyLog, log, first.session_id);
}
