import { LoggerModule, PinoLogger } from 'nestjs-pino';
import { traceFields } from 'nestjs-tracing';
import { sink, smoke } from './smoke.js';

const pinoHttp = { mixin: () => ({ ...traceFields() }), stream: sink, autoLogging: false };

await smoke({
  metadata: { imports: [LoggerModule.forRoot({ pinoHttp })] },
  work: async (n, app) => (await app.resolve(PinoLogger)).info(`from pino ${n}`),
  lines: [{ msg: /^from pino \d$/ }],
});
