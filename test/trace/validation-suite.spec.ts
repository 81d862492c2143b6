import { describe, expect, it } from '@jest/globals';
import { resolveOptions } from '../../src/options/resolve-options.js';
import { openTrace } from '../../src/trace/open-trace.js';
import { w3cHeaders } from '../../src/trace/propagation.js';
import type { Trace } from '../../src/trace/trace.js';
import { flawsOfCalls, VALIDATION_CASES, type Headers } from './validation-cases.js';

const { policy } = resolveOptions();

/** The trace of a request with these headers, which reach an application as Node joins them. */
function receive(headers: Headers): Trace {
  const joined: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    joined[key] = joined[key] === undefined ? value : `${joined[key]}, ${value}`;
  }
  const { traceparent, tracestate } = joined;
  return openTrace({ traceparent, tracestate }, policy, { transport: 'http', startedAt: 0 });
}

describe('the public validation suite', () => {
  it('has 41 cases', () => {
    expect(Object.keys(VALIDATION_CASES)).toHaveLength(41);
  });

  it.each(Object.entries(VALIDATION_CASES))('%s', (_name, steps) => {
    for (const [headers, demand] of steps) {
      const trace = receive(headers);
      const calls = [1, 2, 3].map(() => w3cHeaders(trace));
      expect(flawsOfCalls(headers, demand, calls)).toEqual([]);
    }
  });
});
