import { register } from 'node:module';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { WinstonInstrumentation } from '@opentelemetry/instrumentation-winston';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { discard } from './discarded-spans.js';

// Loaded by `--import`, before the application: NestJS 12 and its adapters are ES modules, which
// only a loader hook can instrument.
register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);

new NodeTracerProvider({ spanProcessors: [discard] }).register();

registerInstrumentations({
  instrumentations: [
    new HttpInstrumentation(),
    process.argv[2] === 'fastify'
      ? new FastifyOtelInstrumentation({ registerOnInitialization: true })
      : new ExpressInstrumentation(),
    new WinstonInstrumentation({ disableLogSending: true }),
  ],
});
