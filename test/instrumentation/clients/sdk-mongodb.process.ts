import { context, SpanKind, SpanStatusCode, trace as tracing } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { MongoDBInstrumentation } from '@opentelemetry/instrumentation-mongodb';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { createRequire } from 'node:module';
import type * as Driver from 'mongodb';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { prepareClients } from '../../../src/instrumentation/clients/clients.js';
import { undoPatches } from '../../../src/instrumentation/patch.js';
import { TracingSpanProcessor } from '../../../src/index.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { runSpan } from '../../../src/spans/run-span.js';
import { stepsOf } from '../../../src/spans/steps.js';
import { openTrace } from '../../../src/trace/open-trace.js';

// Prints what an application with an SDK has of two calls to MongoDB, one of which fails.
const isInstrumented = process.env['INSTRUMENTED'] === 'true';
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({
  spanProcessors: [new SimpleSpanProcessor(exporter), new TracingSpanProcessor()],
});
provider.register();
if (isInstrumented) registerInstrumentations({ instrumentations: [new MongoDBInstrumentation()] });
const { MongoClient } = createRequire(import.meta.url)('mongodb') as typeof Driver;
const { MongoServer } = await import('../../support/mongo-server.js');

const server = await MongoServer.start();
const client = new MongoClient(server.url);
await client.connect();
const orders = client.db().collection('orders');
const { policy } = resolveOptions();
const calls: object[] = [];
const tracer = tracing.getTracer('application');

for (let round = 0; round < 2; round++) {
  await prepareClients();
  exporter.reset();
  server.failNext('find', { code: 50, errmsg: 'too slow' });
  await tracer.startActiveSpan('request', async (request) => {
    const { traceId, spanId } = request.spanContext();
    const traceparent = `00-${traceId}-${spanId}-01`;
    const trace = openTrace({ traceparent }, policy, { transport: 'test', startedAt: 0 });
    await runWithTrace(trace, async () => {
      await runSpan('work', async () => orders.find({}).toArray()).catch(() => undefined);
      await tracer.startActiveSpan('own', async (own) => {
        await orders.insertOne({});
        own.end();
      });
      await context.with(suppressTracing(context.active()), () => orders.findOne({}));
    });
    request.end();
    const spans = exporter.getFinishedSpans();
    const nameOf = (id: string | undefined): string | undefined =>
      spans.find((span) => span.spanContext().spanId === id)?.name;
    calls.push({
      steps: stepsOf(trace)!.map(({ name, failed }) => (failed === true ? `${name} failed` : name)),
      count: trace.calls?.dbCount,
      sdk: spans
        .filter(({ kind }) => kind === SpanKind.CLIENT)
        .map(({ name, status, parentSpanContext, instrumentationScope }) => ({
          name,
          failed: status.code === SpanStatusCode.ERROR,
          parent: nameOf(parentSpanContext?.spanId),
          scope: instrumentationScope.name,
        })),
    });
  });
  undoPatches();
}
await client.close();
await server.close();
console.log(JSON.stringify(calls));
