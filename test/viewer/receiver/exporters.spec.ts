import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as JsonLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtoLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { ViewReceiver } from './view-receiver.js';

const RESOURCE = resourceFromAttributes({ 'service.name': 'ledger' });
const EXPORTERS = {
  json: ['application/json', JsonTraceExporter, JsonLogExporter],
  protobuf: ['application/x-protobuf', ProtoTraceExporter, ProtoLogExporter],
} as const;
const CASES = [
  ['json', 'none'],
  ['json', 'gzip'],
  ['protobuf', 'none'],
  ['protobuf', 'gzip'],
] as const;

let receiver: ViewReceiver;

beforeEach(async () => {
  receiver = await ViewReceiver.start();
});
afterEach(async () => {
  await receiver.stop();
});

describe.each(CASES)(
  'OpenTelemetry’s own exporter of %s, compression %s',
  (encoding, compression) => {
    const [type, TraceExporter, LogExporter] = EXPORTERS[encoding];

    it('sends spans that are understood', async () => {
      const exporter = new TraceExporter({
        url: `${receiver.url}/v1/traces`,
        compression: compression as never,
      });
      const provider = new BasicTracerProvider({
        resource: RESOURCE,
        spanProcessors: [new SimpleSpanProcessor(exporter)],
      });
      const tracer = provider.getTracer('http');
      const server = tracer.startSpan('POST /pay/:id', {
        kind: SpanKind.SERVER,
        startTime: [1_700_000_000, 123_456_789],
        attributes: {
          'http.request.method': 'POST',
          'url.path': '/pay/7',
          'url.query': 'card=secret',
          'http.route': '/pay/:id',
          'http.response.status_code': 502,
          'http.request.header.authorization': ['secret'],
          'session.id': 's-1',
        },
      });
      const client = tracer.startSpan(
        'POST',
        {
          kind: SpanKind.CLIENT,
          startTime: [1_700_000_000, 124_000_000],
          attributes: {
            'http.request.method': 'POST',
            'url.full': 'https://user:secret@bank.example:8443/v1/charge?key=secret',
            retries: [1, 2],
            ratio: 0.5,
          },
        },
        trace.setSpan(ROOT_CONTEXT, server),
      );
      client.recordException(new RangeError('no money'));
      client.setStatus({ code: SpanStatusCode.ERROR, message: 'no money' });
      client.end([1_700_000_000, 130_250_000]);
      server.end([1_700_000_000, 135_456_789]);
      await provider.shutdown();

      const { traceId, spanId } = server.spanContext();
      expect(receiver.requests).toEqual([
        {
          type: 'request',
          key: `ledger/${traceId}/${spanId}`,
          service: 'ledger',
          kind: 'request',
          traceId,
          w3cTraceId: traceId,
          spanId,
          sessionId: 's-1',
          startedAt: 1_700_000_000_123.457,
          duration_ms: 12,
          method: 'POST',
          path: '/pay/7',
          route: '/pay/:id',
          status_code: 502,
          outcome: 'errored',
        },
      ]);
      expect(receiver.spans).toEqual([
        {
          type: 'span',
          service: 'ledger',
          w3cTraceId: traceId,
          spanId: client.spanContext().spanId,
          parentSpanId: spanId,
          name: 'POST bank.example:8443/v1/charge',
          kind: 'client',
          startedAt: 1_700_000_000_124,
          duration_ms: 6.25,
          failed: true,
          attributes: {
            'http.request.method': 'POST',
            'url.full': 'https://bank.example:8443/v1/charge',
            retries: '[1,2]',
            ratio: 0.5,
          },
          error: expect.stringMatching(/^RangeError: no money\n.*exporters\.spec/s),
        },
      ]);
      expect(JSON.stringify(receiver.records)).not.toContain('secret');
      expect([...receiver.types]).toEqual([type]);
    });

    it('sends log records that are understood', async () => {
      const exporter = new LogExporter({
        url: `${receiver.url}/v1/logs`,
        compression: compression as never,
      });
      const provider = new LoggerProvider({
        resource: RESOURCE,
        processors: [new SimpleLogRecordProcessor({ exporter })],
      });
      const spanContext = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };
      provider.getLogger('com.example.Ledger').emit({
        timestamp: [1_700_000_000, 123_456_789],
        severityNumber: SeverityNumber.WARN2,
        severityText: 'WARN',
        body: { text: 'booked', amounts: [1, 2.5, true, null, { deep: 'yes' }] },
        attributes: { 'request.id': 'r-1', amount: 12.5, tags: { a: [1] } },
        context: trace.setSpanContext(ROOT_CONTEXT, spanContext),
      });
      await provider.shutdown();

      expect(receiver.lines).toEqual([
        {
          type: 'line',
          service: 'ledger',
          time: 1_700_000_000_123.457,
          level: 'warn',
          message: '{"text":"booked","amounts":[1,2.5,true,null,{"deep":"yes"}]}',
          traceId: 'a'.repeat(32),
          w3cTraceId: 'a'.repeat(32),
          spanId: 'b'.repeat(16),
          requestId: 'r-1',
          context: 'com.example.Ledger',
          fields: { amount: 12.5, tags: '{"a":[1]}' },
        },
      ]);
      expect([...receiver.types]).toEqual([type]);
    });
  },
);
