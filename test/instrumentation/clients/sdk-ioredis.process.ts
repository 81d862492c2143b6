import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { trace as tracing } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type * as Driver from 'ioredis';
import { createRequire } from 'node:module';
import { runWithTrace } from '../../../src/context/trace-store.js';
import { prepareClients } from '../../../src/instrumentation/clients/clients.js';
import { resolveOptions } from '../../../src/options/resolve-options.js';
import { stepsOf } from '../../../src/spans/steps.js';
import { openTrace } from '../../../src/trace/open-trace.js';

// Prints the steps of commands to a connection and to a cluster, with an SDK. They need no server: a
// command is a step when it is called.
new NodeTracerProvider().register();
if (process.env['INSTRUMENTED'] === 'true') {
  registerInstrumentations({ instrumentations: [new IORedisInstrumentation()] });
}
const { Cluster, Redis } = createRequire(import.meta.url)('ioredis') as typeof Driver;
await prepareClients();
const { policy } = resolveOptions();
const nowhere = { host: '127.0.0.1', port: 1 };
const steps: Record<string, readonly string[]> = {};

for (const [name, client] of [
  ['connection', new Redis({ ...nowhere, lazyConnect: true, retryStrategy: null })],
  ['cluster', new Cluster([nowhere], { lazyConnect: true, clusterRetryStrategy: () => null })],
] as const) {
  client.on('error', () => {});
  const trace = openTrace({}, policy, { transport: 'test', startedAt: 0 });
  await tracing.getTracer('application').startActiveSpan('request', async (request) => {
    await runWithTrace(trace, async () => {
      const sent = [client.get('key'), client.pipeline().get('key').ttl('key').exec()];
      await Promise.allSettled(sent);
    });
    request.end();
  });
  client.disconnect();
  steps[name] = (stepsOf(trace) ?? []).map((step) => step.name);
}
console.log(JSON.stringify(steps));
