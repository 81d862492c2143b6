import type { ViewedLine } from '../../store/viewed-records.js';

/** What an address calls a line: its time, and which of those of that time it is. */
export function lineKey(lines: readonly ViewedLine[], line: ViewedLine): string {
  const { time } = line.record;
  return `${time}-${Math.max(0, indexOfLine(lines, line) - firstAt(lines, time))}`;
}

/** The line of a {@link lineKey}, if it is there. */
export function lineOfKey(lines: readonly ViewedLine[], key: string): ViewedLine | undefined {
  const [, time, place] = /^(\d+(?:\.\d+)?)-(\d{1,6})$/.exec(key) ?? [];
  if (time === undefined) return undefined;
  const line = lines[firstAt(lines, Number(time)) + Number(place)];
  return line?.record.time === Number(time) ? line : undefined;
}

/** Where a line is in a list that is in the order of time; -1 where it is not there. */
export function indexOfLine(lines: readonly ViewedLine[], line: ViewedLine): number {
  const { time } = line.record;
  let index = firstAt(lines, time);
  while (lines[index]?.record.time === time && lines[index] !== line) index++;
  return lines[index] === line ? index : -1;
}

/** The index of the first line that is not earlier. */
function firstAt(lines: readonly ViewedLine[], time: number): number {
  let from = 0;
  let to = lines.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (lines[middle]!.record.time < time) from = middle + 1;
    else to = middle;
  }
  return from;
}
