import type { LogLine } from './log-line.js';
import type { UnitOfWorkKind } from './traffic.js';

/** What is wrong with the access log line of some work, apart from its ids: reasons and what was found. */
export function wrongOfFinish(
  kind: UnitOfWorkKind,
  parentSpanId: string | undefined,
  line: LogLine,
): [reason: string, found: string][] {
  const wrong: [string, string][] = [];
  const expect = (what: string, expected: unknown, found: unknown): void => {
    if (expected !== found)
      wrong.push([`another ${what}`, `${String(found)}, not ${String(expected)}`]);
  };
  expect('outcome', kind.outcome, line.outcome);
  expect('status_code', kind.status, line.status_code);
  expect('level', kind.level, line.level);
  expect('list of steps', kind.steps?.join(), line.steps?.map(({ name }) => name).join());
  if (kind.handler !== undefined) {
    expect('handler', `SoakController.${kind.handler}`, line.handler);
  }
  if (parentSpanId !== undefined) expect('parent_span_id', parentSpanId, line.parent_span_id);
  if (line.path?.includes('?') === true) wrong.push(['a path with a query', line.path]);
  if (!(Number(line.duration_ms) > 0)) wrong.push(['no duration', String(line.duration_ms)]);
  return wrong;
}
