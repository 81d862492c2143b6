import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import * as api from 'nestjs-tracing';
import * as metrics from 'nestjs-tracing/metrics';
import * as otlp from 'nestjs-tracing/otlp';
import * as testing from 'nestjs-tracing/testing';
import * as viewer from 'nestjs-tracing/viewer';

describe('the public names', () => {
  it('are those that users rely on, and no others', () => {
    expect(Object.keys(api).toSorted()).toEqual([
      'LogLevels',
      'RequestId',
      'SessionId',
      'SkipAccessLog',
      'Span',
      'TraceContext',
      'TraceId',
      'TracingConfigError',
      'TracingLogger',
      'TracingModule',
      'TracingSpanProcessor',
      'TracingTransport',
      'addTracingHeaders',
      'signDebugLevel',
      'subscribeApplication',
      'traceFields',
      'traceFormat',
      'traceJson',
      'traceLogger',
      'traceTask',
      'traceText',
      'traceWorker',
      'tracingChannels',
    ]);
  });

  it('of the other entries are few', () => {
    expect(Object.keys(metrics)).toEqual(['TracingMetricsModule', 'clusterMetrics']);
    expect(Object.keys(otlp).toSorted()).toEqual(['OtlpHealthIndicator', 'OtlpModule']);
    expect(Object.keys(viewer)).toEqual(['TraceViewerModule']);
    expect(Object.keys(testing).toSorted()).toEqual([
      'captureLogs',
      'createTraceContext',
      'tracingMatchers',
      'withTrace',
    ]);
  });

  it.each(['', 'metrics/', 'otlp/', 'testing/', 'viewer/'])(
    'are spelled out: %sindex.ts',
    (entry) => {
      expect(readFileSync(`src/${entry}index.ts`, 'utf8')).not.toContain('*');
    },
  );
});
