import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import * as api from '../src/index.js';

describe('the public names', () => {
  it('are those that users rely on, and no others', () => {
    expect(Object.keys(api).toSorted()).toEqual([
      'RequestId',
      'SessionId',
      'Span',
      'TraceContext',
      'TraceId',
      'TracingConfigError',
      'TracingLogger',
      'TracingModule',
      'TracingSpanProcessor',
      'traceFormat',
      'traceJson',
      'traceLogger',
      'traceText',
      'tracingChannels',
    ]);
  });

  it('are spelled out', () => {
    expect(readFileSync('src/index.ts', 'utf8')).not.toContain('*');
  });
});
