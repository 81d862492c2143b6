import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { ExportQueue } from '../../src/otlp/export-queue.js';
import type { ExportedLog } from '../../src/otlp/exported-log.js';
import {
  LINGER_MS,
  MAX_TRACE_RECORDS,
  MAX_WAITING_BYTES,
  MAX_WAITING_RECORDS,
  TraceSelection,
} from '../../src/otlp/trace-selection.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();

/** What a selection has done with what it was given. */
class Counted {
  readonly sent: string[] = [];
  dropped = 0;
  leftOut = 0;

  push({ name, body }: { name?: string; body?: unknown }): void {
    this.sent.push(String(name ?? body));
  }

  drop(count: number): void {
    this.dropped += count;
  }

  leaveOut(count: number): void {
    this.leftOut += count;
  }
}

const span = (name: string, text = ''): ReadableSpan =>
  ({
    name,
    attributes: { text },
    events: [],
    links: [],
    status: { code: 0 },
  }) as unknown as ReadableSpan;
const log = (body: string): ExportedLog => ({ body, attributes: {} }) as unknown as ExportedLog;

let traces: Counted;
let logs: Counted;
let selection: TraceSelection;

beforeEach(() => {
  jest.useFakeTimers();
  traces = new Counted();
  logs = new Counted();
  selection = new TraceSelection({
    traces: traces as unknown as ExportQueue<ReadableSpan>,
    logs: logs as unknown as ExportQueue<ExportedLog>,
  });
});
afterEach(() => {
  selection.close();
  jest.useRealTimers();
});

function request(id: string, isChosen: boolean, records = 1): void {
  selection.begin(id);
  for (let i = 0; i < records; i++) selection.addSpan(id, span(`${id}.${i}`));
  selection.addLog(id, log(id));
  selection.end(id, isChosen);
}

describe('a selection of traces', () => {
  it('leaves a trace out only when nothing of it has run for a while', () => {
    request('a', false);
    jest.advanceTimersByTime(LINGER_MS - 1000);
    // Another part of it begins, and takes its time.
    selection.begin('a');
    jest.advanceTimersByTime(60 * LINGER_MS);
    expect(traces.leftOut).toBe(0);
    selection.end('a', true);
    expect([traces.sent, logs.sent]).toEqual([['a.0'], ['a']]);

    request('b', false);
    jest.advanceTimersByTime(2 * LINGER_MS);
    expect([traces.leftOut, logs.leftOut]).toEqual([1, 1]);
    expect(traces.sent).toEqual(['a.0']);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('exports at once what comes later of a chosen trace', () => {
    request('a', true);
    selection.addSpan('a', span('late'));
    request('a', false);
    expect(traces.sent).toEqual(['a.0', 'late', 'a.0']);
  });

  it('waits until the last of several requests of one trace has ended', () => {
    selection.begin('a');
    selection.begin('a');
    selection.end('a', false);
    jest.advanceTimersByTime(2 * LINGER_MS);
    selection.addSpan('a', span('second'));
    selection.end('a', true);
    expect(traces.sent).toEqual(['second']);
  });

  it('bounds one trace that never ends, which pushes out no other', () => {
    selection.begin('other');
    selection.addSpan('other', span('other'));
    selection.begin('endless');
    for (let i = 0; i < MAX_TRACE_RECORDS + 500; i++) selection.addLog('endless', log('line'));
    expect(logs.dropped).toBe(500);
    selection.end('other', true);
    selection.end('endless', true);
    expect(traces.sent).toEqual(['other']);
    expect(logs.sent).toHaveLength(MAX_TRACE_RECORDS);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('bounds all of them in number: first those that have ended, then those that began first', () => {
    request('ended', false);
    const each = 100;
    const count = MAX_WAITING_RECORDS / each;
    for (let i = 0; i < count; i++) {
      selection.begin(`t${i}`);
      for (let k = 0; k < each; k++) selection.addSpan(`t${i}`, span('span'));
    }
    expect([traces.leftOut, logs.leftOut, traces.dropped]).toEqual([1, 1, 0]);
    selection.addSpan('t5', span('one more'));
    expect(traces.dropped).toBe(each);
    for (let i = 0; i < count; i++) selection.end(`t${i}`, true);
    expect(traces.sent).toHaveLength(MAX_WAITING_RECORDS - each + 1);
  });

  it('bounds all of them in bytes', () => {
    const text = 'x'.repeat(100_000);
    for (let i = 0; i < 400; i++) {
      selection.begin(`t${i}`);
      selection.addSpan(`t${i}`, span('span', text));
    }
    const held = Math.floor(MAX_WAITING_BYTES / text.length);
    expect(traces.dropped).toBeGreaterThanOrEqual(400 - held);
    expect(traces.dropped).toBeLessThan(400 - held + 10);
  });

  it('bounds the number of traces, also of those without any record', () => {
    for (let i = 0; i < 30_000; i++) selection.begin(`t${i}`);
    // What has been forgotten is not there any more to be sent.
    const { running } = selection as unknown as { running: Map<string, unknown> };
    expect(running.size).toBe(10_000);
  });

  it('exports on closing what has not ended, and leaves out the rest', () => {
    request('ended', false);
    selection.begin('running');
    selection.addSpan('running', span('running'));
    selection.close();
    expect([traces.sent, traces.leftOut]).toEqual([['running'], 1]);
    selection.addSpan('running', span('later'));
    expect(traces.sent).toEqual(['running', 'later']);
  });
});
