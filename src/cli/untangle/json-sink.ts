import { quoteJson } from '../../records/control-characters.js';
import { jsonValue } from '../../records/json-value.js';
import { idOf, isFailedLine, requestFieldsOf, startOf } from './group-summary.js';
import { lineErrorText } from './line-error.js';
import type { LineFilter } from './line-filter.js';
import type { LogLine } from './log-line.js';
import type { RequestGroup } from './request-groups.js';
import type { Sink } from './sink.js';
import type { StandardOutput } from './standard-output.js';

const MAX_BYTES = 2 ** 20;

/**
 * Writes one JSON object for each request, and for each line outside of requests:
 * `{"type":"request","request_id":…,"lines":[…]}` and `{"type":"line",…}`.
 */
export class JsonSink implements Sink {
  constructor(
    private readonly output: StandardOutput,
    private readonly filter: LineFilter,
  ) {}

  group(group: RequestGroup): void {
    const { lines, accessLogLine, isContinued } = group;
    const all = accessLogLine === undefined ? lines : [...lines, accessLogLine];
    const { error: _error, ...fields } = requestFieldsOf(group);
    this.write({
      type: 'request',
      request_id: idOf(group, 'request'),
      session_id: idOf(group, 'session'),
      trace_id: idOf(group, 'trace'),
      span_id: idOf(group, 'span'),
      service: idOf(group, 'service'),
      started_at: isoTime(startOf(group)),
      ended: accessLogLine !== undefined,
      ...(isContinued && { continued: true }),
      failed: all.some(isFailedLine),
      ...fields,
      error: accessLogLine?.error && lineErrorText(accessLogLine.error),
      lines: all.filter((line) => this.filter.passesLevel(line)).map(lineJson),
    });
  }

  line(line: LogLine): void {
    this.write({ type: 'line', ...lineJson(line) });
  }

  beginSource(): void {}

  other(): void {}

  flush(): Promise<void> {
    return this.output.flush();
  }

  end(): Promise<void> {
    return this.output.end();
  }

  private write(record: object): void {
    this.output.write(`${jsonText(record)}\n`);
  }
}

/** One line of JSON, without control characters, cut where it is very large. */
export function jsonText(record: object): string {
  return jsonValue(record, undefined, MAX_BYTES) ?? quoteJson('');
}

function lineJson(line: LogLine): object {
  const { time, level, message, context, service, fields, error } = line;
  return {
    time: isoTime(time),
    level,
    message,
    context,
    service,
    fields: fields && Object.fromEntries(fields),
    error: error && lineErrorText(error),
  };
}

/** A time as ISO 8601; `undefined` for one that no date can have. */
export function isoTime(ms: number | undefined): string | undefined {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
