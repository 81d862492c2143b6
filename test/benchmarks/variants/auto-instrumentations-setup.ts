import { createRequire, register } from 'node:module';
import type { Instrumentation } from '@opentelemetry/instrumentation';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { discard } from './discarded-spans.js';

// Loaded by `--import`, before the application: all instrumentations that OpenTelemetry has for Node,
// as its package enables them. It is installed for the benchmark, in a folder of its own.

const folder = process.env['BENCHMARK_INSTALLED'] ?? '';
const load = createRequire(`${folder}/package.json`);

register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
new NodeTracerProvider({ spanProcessors: [discard] }).register();

const { getNodeAutoInstrumentations } = load('@opentelemetry/auto-instrumentations-node') as {
  getNodeAutoInstrumentations: (options: object) => Instrumentation[];
};
const { registerInstrumentations } = load('@opentelemetry/instrumentation') as {
  registerInstrumentations: (options: { instrumentations: Instrumentation[] }) => void;
};
registerInstrumentations({
  instrumentations: getNodeAutoInstrumentations({
    '@opentelemetry/instrumentation-winston': { disableLogSending: true },
  }),
});
