import { roundMs } from '../../../records/round-ms.js';
import type { ViewStore } from '../../store/view-store.js';
import { answerOf, Budget, problemAnswer, type Answer, type Work } from './answer.js';
import { lineRow, type LineRow } from './answer-rows.js';
import { DEFAULT_LIMIT, droppedOf, type ListQuery } from './list-requests.js';
import { SlicedFilter } from './sliced-filter.js';

/** Where an answer was cut: a time, and how many lines of that time were in it. */
const PLACE = /^(\d{1,15}(?:\.\d{1,3})?)\/(\d{1,6})$/;

/** A cursor has microseconds; a time may have more. */
const HALF_MICROSECOND = 0.0005;

/** The latest lines that match, in the order in which they were written. */
export function* searchLines(store: ViewStore, query: ListQuery): Work<Answer> {
  const filter = new SlicedFilter(store, query.search);
  if (filter.problem !== undefined) return problemAnswer(filter.problem);
  const { since_ms: since = -Infinity, until_ms: until = Infinity, limit = DEFAULT_LIMIT } = query;
  const [, time, given] = PLACE.exec(query.before ?? '') ?? [];
  if (query.before !== undefined && time === undefined) {
    return problemAnswer('`before` is not from the answer before.');
  }
  const end = Math.min(until, time === undefined ? Infinity : Number(time) + HALF_MICROSECOND);
  let skipped = Number(given ?? 0);
  const budget = new Budget();
  const rows: LineRow[] = [];
  let left = 0;
  for (const line of store.lines.toReversed()) {
    yield;
    const at = line.record.time;
    if (at < since || at > end || !filter.isMatchingLine(line)) continue;
    if (skipped > 0 && roundMs(at) === Number(time)) skipped--;
    else if (left > 0 || rows.length >= limit || !budget.add(rows, lineRow(line))) left++;
  }
  const data = { lines: rows.toReversed(), found: rows.length + left, ...droppedOf(store) };
  const last = rows.at(-1);
  if (left === 0 || last === undefined) return answerOf(data);
  const same = rows.filter(({ at_ms: at }) => at === last.at_ms).length;
  const before = last.at_ms === Number(time) ? same + Number(given) : same;
  return answerOf(data, {
    left: { lines: left },
    next: { before: `${last.at_ms}/${before}` },
  });
}
