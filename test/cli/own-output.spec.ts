import { describe, expect, it } from '@jest/globals';
import type { Logform } from 'winston';
import { LOG_FIELD_NAMES } from '../../src/cli/untangle/log-field-names.js';
import type { LogLine } from '../../src/cli/untangle/log-line.js';
import { entriesOf } from '../../src/cli/untangle/otlp-entries.js';
import { readLine } from '../../src/cli/untangle/read-line.js';
import { runWithTrace } from '../../src/context/trace-store.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { capture } from '../../src/logging/winston/captured-entry.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { PresetName } from '../../src/records/field.js';
import { openTrace } from '../../src/trace/open-trace.js';
import type { Trace } from '../../src/trace/trace.js';

const MESSAGE = Symbol.for('message');
const PRESETS: (PresetName | undefined)[] = [undefined, 'otel', 'ecs', 'gcp', 'datadog'];
const { policy } = resolveOptions();
const CARRIER = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  requestId: 'req-001',
  sessionId: 'session-1',
};

/** A line as the format writes it. */
function written(preset: PresetName | undefined, trace: Trace | undefined, entry: object): string {
  const format = traceJson({ service: 'shop', ...(preset !== undefined && { preset }) });
  const take = () => capture({ level: 'info', message: 'paid', ...entry });
  const captured = trace === undefined ? take() : runWithTrace(trace, take);
  const line = format.transform(captured as Logform.TransformableInfo) as Record<symbol, string>;
  return line[MESSAGE]!;
}

/** What a line says of itself, its own fields and its time apart. */
function identityOf(json: string): Partial<LogLine> {
  const parsed = JSON.parse(json) as object;
  const entries = [...entriesOf(parsed)];
  expect(entries).toHaveLength(1);
  const line = readLine(entries[0]!, entries[0] === parsed ? json : undefined)!;
  const { fields: _fields, error: _error, time, ...identity } = line;
  expect(time).toBeGreaterThan(Date.now() - 60_000);
  expect(time).toBeLessThan(Date.now() + 60_000);
  return identity;
}

/** Names that have a meaning in the pipe of winston, and are not own fields. */
const OF_WINSTON = new Set(['level', 'message', 'context', 'timestamp', 'stack', 'error']);

const NAMES = [...new Set(Object.values(LOG_FIELD_NAMES).flat())].filter(
  (name) => !OF_WINSTON.has(name),
);

const nested = (name: string, value: unknown): object =>
  name.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object;

const SHAPES: Record<string, (name: string, value: unknown) => object> = {
  'under its name': (name, value) => ({ [name]: value }),
  'in objects': nested,
  'in another case': (name, value) => ({
    [name.toUpperCase()]: value,
    [name.toLowerCase()]: value,
  }),
  'behind an underscore': (name, value) => ({ [`_${name}`]: value, [`__${name}`]: value }),
  'in attributes': (name, value) => ({
    attributes: { [name]: value },
    resource: { [name]: value },
  }),
  'in a list of attributes': (name, value) => ({
    attributes: [{ key: name, value: { stringValue: String(value) } }],
  }),
  'with a number before it': (name, value) => ({ 0: value, 1: value, [name]: value }),
  'by a method': (name, value) => ({ toJSON: () => ({ [name]: value }), [name]: value }),
  'in a context of others': (name, value) => ({
    mdc: { [name]: value },
    contextMap: { [name]: value },
    Properties: { [name]: value },
    labels: { [name]: value },
  }),
  'as a line of OpenTelemetry': (name, value) => ({
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ [name]: value, traceId: 'f'.repeat(32) }] }] }],
  }),
};

const VALUES: unknown[] = ['forged', 'f'.repeat(32), 99, 'error', '2001-01-01T00:00:00.000Z'];

describe.each(PRESETS)('own fields in a line of the preset %s', (preset) => {
  it.each(Object.keys(SHAPES))('are none of the line itself: %s', (shape) => {
    const shaped = SHAPES[shape]!;
    const inRequest = openTrace(CARRIER, policy, { transport: 'test', startedAt: 0 });
    for (const trace of [inRequest, undefined]) {
      const plain = identityOf(written(preset, trace, {}));
      for (const [i, name] of NAMES.entries()) {
        const line = written(preset, trace, shaped(name, VALUES[i % VALUES.length]));
        expect([line, identityOf(line)]).toEqual([line, plain]);
      }
    }
  });
});
