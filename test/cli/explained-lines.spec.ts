import { describe, expect, it } from '@jest/globals';
import type { Logform } from 'winston';
import { runWithTrace } from '../../src/context/trace-store.js';
import { readLine } from '../../src/cli/untangle/read-line.js';
import { capture } from '../../src/logging/winston/captured-entry.js';
import { traceJson } from '../../src/logging/formats/json-format.js';
import { traceText } from '../../src/logging/formats/text-format.js';
import { resolveOptions } from '../../src/options/resolve-options.js';
import type { AccessLogRecord } from '../../src/records/access-log-record.js';
import { PRESET_NAMES, type PresetName } from '../../src/records/field.js';
import { shownQuery } from '../../src/records/explained-request.js';
import { DEFAULT_REDACTION } from '../../src/records/redaction.js';
import { openTrace } from '../../src/trace/open-trace.js';

const MESSAGE = Symbol.for('message');
const { policy } = resolveOptions();
const error = Object.assign(new TypeError('it broke', { cause: new Error('no row') }), {
  code: 'E_X',
});
const RECORD: AccessLogRecord = {
  duration_ms: 12.5,
  method: 'GET',
  path: '/orders',
  status_code: 500,
  outcome: 'errored',
  db_count: 3,
  db_ms: 1.25,
  cache_count: 2,
  cache_ms: 0.5,
  sent: ['bullmq mails/welcome', 'kafka orders'],
  query: shownQuery('/x?page=3&tag=a%26b&tag=c%3D+d&mail=ann@x.example', DEFAULT_REDACTION),
  user_agent: 'shop/4 (X11; "Linux")',
  error_id: '0123456789ab',
  error,
  steps: [
    {
      name: 'SELECT orders',
      start_ms: 1,
      duration_ms: 2,
      depth: 0,
      failed: true,
      error: 'Error: no row',
      status: 503,
    },
  ],
};
const { error: _error, ...FIELDS } = RECORD;

function textOf(format: Logform.Format, record: object = RECORD): string {
  const carrier = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  const trace = openTrace(carrier, policy, { transport: 'test', startedAt: 0 });
  const captured = runWithTrace(trace, () =>
    capture({ level: 'error', message: 'Request finished', ...record }),
  );
  return (format.transform(captured as Logform.TransformableInfo) as Record<symbol, string>)[
    MESSAGE
  ]!;
}

/** What each backend calls the fields that say why a request has failed. */
const NAMED: Record<PresetName, Record<string, unknown>> = {
  otel: {
    'url.query': 'page=3&tag=a%26b&tag=c%3D%20d&mail=[masked]',
    'user_agent.original': RECORD.user_agent,
    'exception.type': 'TypeError',
    'exception.message': 'it broke',
    'exception.stacktrace': expect.stringContaining('explained-lines.spec'),
    error: { code: 'E_X', cause: expect.objectContaining({ message: 'no row' }) },
    error_id: '0123456789ab',
  },
  ecs: {
    'url.query': 'page=3&tag=a%26b&tag=c%3D%20d&mail=[masked]',
    'user_agent.original': RECORD.user_agent,
    'error.type': 'TypeError',
    'error.message': 'it broke',
    'error.stack_trace': expect.stringContaining('explained-lines.spec'),
    error_id: '0123456789ab',
  },
  gcp: {
    query: { page: '3', tag: ['a&b', 'c= d'], mail: '[masked]' },
    httpRequest: expect.objectContaining({ userAgent: RECORD.user_agent, status: 500 }),
    stack_trace: expect.stringMatching(/^TypeError: it broke\n +at .*explained-lines\.spec/),
    error_id: '0123456789ab',
  },
  datadog: {
    'http.url_details.queryString': { page: '3', tag: ['a&b', 'c= d'], mail: '[masked]' },
    'http.useragent': RECORD.user_agent,
    'error.kind': 'TypeError',
    'error.message': 'it broke',
    'error.stack': expect.stringContaining('explained-lines.spec'),
    'error.fingerprint': '0123456789ab',
    error_id: '0123456789ab',
  },
};

describe.each([undefined, ...PRESET_NAMES])('a line that explains itself, preset %s', (preset) => {
  const json = textOf(traceJson({ service: 'shop', ...(preset !== undefined && { preset }) }));

  it('has the names of the backend', () => {
    if (preset === undefined) {
      expect(JSON.parse(json)).toMatchObject(JSON.parse(JSON.stringify(FIELDS)));
      return;
    }
    const line = JSON.parse(json) as Record<string, unknown>;
    expect(line).toMatchObject(NAMED[preset]);
    if ('url.query' in NAMED[preset]) expect(line).not.toHaveProperty('query');
  });

  it('is read back whole', () => {
    const line = readLine(JSON.parse(json) as object, json)!;
    expect(line.requestFields).toEqual(FIELDS);
    expect(line.error).toMatchObject({ stack: expect.stringContaining('TypeError: it broke') });
    const left = (line.fields ?? []).map(([name]) => name);
    expect(left.filter((name) => !/^(?:error|outcome$)/.test(name))).toEqual([]);
  });
});

it('the same names on another line are fields like any other', () => {
  const line = {
    ...{ '@timestamp': '2026-01-15T10:30:15.042Z', 'log.level': 'info', message: 'm' },
    ...{ 'ecs.version': '8.11.0', 'url.query': 'a=b', 'user_agent.original': 'x', sent: ['y'] },
    ...{ query: { z: 1 }, error_id: 'w', db_count: 2 },
  };
  const names = readLine(line)!.fields!.map(([name]) => name);
  expect(names.toSorted()).toEqual(
    ['db_count', 'error_id', 'query', 'sent', 'url.query', 'user_agent.original'].toSorted(),
  );
});

it('the text format has them behind the phrase, and the error and the steps below', () => {
  const [first = '', ...below] = textOf(traceText()).split('\n');
  expect(first).toContain('Request finished GET /orders 500 errored 12.5ms db_count=3 db_ms=1.25');
  expect(first).toContain('sent=["bullmq mails/welcome","kafka orders"]');
  expect(first).toContain('query={"page":"3","tag":["a&b","c= d"],"mail":"[masked]"}');
  expect(first).toContain('error_id=0123456789ab');
  expect(below.join('\n')).toMatch(/TypeError: it broke[^]*Error: no row/);
  expect(below.join('\n')).toContain('+1ms SELECT orders 2ms failed with 503: Error: no row');
});
