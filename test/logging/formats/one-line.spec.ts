import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Logform } from 'winston';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { capture } from '../../../src/logging/winston/captured-entry.js';
import { traceJson } from '../../../src/logging/formats/json-format.js';
import { traceText } from '../../../src/logging/formats/text-format.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { openTrace } from '../../../src/trace/open-trace.js';
import { codePoint } from '../../support/arbitraries.js';

const MESSAGE = Symbol.for('message');
const RUNS = { numRuns: 1000 };
const { policy } = resolveOptions();
const CARRIER = { requestId: 'req-001', sessionId: 'session-1' };
// What ends lines or controls terminals for any reader: a terminal, a shipper, a browser.
// oxlint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** What a format writes of an entry that is logged in a trace with a field. */
function write(format: Logform.Format, entry: object, [key, value]: [string, unknown]): string {
  const trace = openTrace(CARRIER, policy, { transport: 'test', startedAt: 0 });
  trace.setField(key, value);
  const captured = runWithTrace(trace, () => capture(entry));
  const written = format.transform(captured as Logform.TransformableInfo) as Record<symbol, string>;
  return written[MESSAGE]!;
}

/** Text that tries: controls, quotes, half of a surrogate pair, a line of ours. */
const text = fc.oneof(
  fc.string({ unit: codePoint }),
  fc
    .array(
      fc.constantFrom(
        ...['\n', '\r', '\u2028', '\u0085', '\u001b[2J', '\u202e', '"', '\\', '\ud83d', '\0', ' '],
        ...['{"level":"info"}', '2024-01-15 10:30:15 - INFO - [req=x|session=y] - ', 'request_id'],
      ),
    )
    .map((parts) => parts.join('')),
);
const key = fc.oneof(
  text,
  fc.constantFrom(
    ...['request_id', 'trace_id', 'timestamp', 'level', '__proto__', 'stack', 'error', 'context'],
    // Of an access log line, which the text format writes in another way.
    ...['outcome', 'duration_ms', 'method', 'path', 'steps'],
  ),
);
const error = fc
  .record({ name: text, message: text, stack: fc.option(text), cause: fc.anything(), code: text })
  .map((fields) => Object.assign(new Error(fields.message, { cause: fields.cause }), fields));
const value = fc.oneof(
  { maxDepth: 2 },
  text,
  error,
  fc.anything({ withBigInt: true, withMap: true, withSet: true, withSparseArray: true }),
);
const entry = fc
  .record({
    level: fc.oneof(fc.constantFrom('info', 'error'), text),
    message: fc.oneof(text, error, value),
    fields: fc.array(fc.tuple(key, value), { maxLength: 8 }),
  })
  .map(({ level, message, fields }) =>
    // Defined, not assigned, so that `__proto__` is a field as well.
    Object.defineProperties(
      {},
      Object.fromEntries(
        [...fields, ['level', level] as const, ['message', message] as const].map(
          ([name, content]) => [
            name,
            { value: content, enumerable: true, writable: true, configurable: true },
          ],
        ),
      ),
    ),
  );
const contextField = fc.tuple(key, value);

describe('one entry of JSON', () => {
  it('is one line that JSON.parse reads, with the ids of its request', () => {
    const format = traceJson({ service: 'payments' });
    fc.assert(
      fc.property(entry, contextField, (info, field) => {
        const line = write(format, info, field);
        expect(line).not.toMatch(UNSAFE);
        expect(JSON.parse(line)).toMatchObject({
          trace_id: 'req-001',
          request_id: 'req-001',
          session_id: 'session-1',
          service: 'payments',
        });
      }),
      RUNS,
    );
  });

  it('has a message of any text as it was', () => {
    const format = traceJson();
    fc.assert(
      fc.property(text, (message) => {
        const line = write(format, { level: 'info', message }, ['a', 1]);
        expect(JSON.parse(line)).toHaveProperty('message', message);
      }),
      RUNS,
    );
  });

  it('has fields of any name and text as they were', () => {
    const format = traceJson();
    const name = text.filter((candidate) => !/^[a-z_]*$/.test(candidate));
    fc.assert(
      fc.property(name, text, (field, content) => {
        const line = write(format, { level: 'info', message: '', [field]: content }, ['a', 1]);
        expect((JSON.parse(line) as Record<string, unknown>)[field]).toBe(content);
      }),
      RUNS,
    );
  });

  it('is one line for every backend', () => {
    const formats = (['otel', 'ecs', 'gcp', 'datadog'] as const).map((preset) =>
      traceJson({ preset }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...formats), entry, contextField, (format, info, field) => {
        const line = write(format, info, field);
        expect(line).not.toMatch(UNSAFE);
        expect(() => JSON.parse(line) as unknown).not.toThrow();
      }),
      RUNS,
    );
  });
});

describe('one entry of text', () => {
  it('is one line, and what follows below is indented', () => {
    const formats = [{}, { context: true }, { sessionLength: 100 }].map((options) =>
      traceText(options),
    );
    fc.assert(
      fc.property(fc.constantFrom(...formats), entry, contextField, (format, info, field) => {
        const [first = '', ...below] = write(format, info, field).split('\n');
        expect(first).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d - /);
        expect(first).toContain(' - [req=req-001|session=session-');
        for (const line of [first, ...below]) expect(line).not.toMatch(UNSAFE);
        for (const line of below) expect(line).toMatch(/^ {4}/);
      }),
      RUNS,
    );
  });
});
