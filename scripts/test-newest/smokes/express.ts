import { ClsModule, ClsServiceManager } from 'nestjs-cls';
import { traceFormat, traceLogger } from 'nestjs-tracing';
import { createLogger, format, transports } from 'winston';
import { expectThat, isTraced, sink, smoke } from './smoke.js';

const own = traceLogger(
  createLogger({
    format: format.combine(traceFormat(), format.json()),
    transports: [new transports.Stream({ stream: sink })],
  }),
);
let url = '';

await smoke({
  metadata: { imports: [ClsModule.forRoot({ global: true, middleware: { mount: true } })] },
  work: async (n, app) => {
    url ||= await app.getUrl();
    await (await fetch(`${url}/missing`)).text();
    own.info('from winston');
    const cls = ClsServiceManager.getClsService<{ requestId?: string }>();
    if (isTraced) expectThat(cls.get('requestId') === `request-${n}`, 'the store has another id');
  },
  steps: [/^GET /],
  lines: [{ message: 'from winston' }],
});
