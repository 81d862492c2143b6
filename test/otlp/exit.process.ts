import { Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { TraceContext, TracingLogger, TracingModule } from '../../src/index.js';
import { OtlpModule } from '../../src/otlp/index.js';

// Has an application for each of the given collectors and both encodings. It closes them, and says
// how long the process lived after that, and what kept it alive.

const collectors = process.env['COLLECTORS']!.split(',');

const targets = collectors.flatMap((url) =>
  (['http/protobuf', 'http/json'] as const).map((protocol) => ({ url, protocol })),
);

const apps = await Promise.all(
  targets.map(async (target) => {
    class AppModule {}
    const otlp = OtlpModule.forRoot({ ...target, shutdownTimeout: 300 });
    Module({ imports: [TracingModule.forRoot(), otlp] })(AppModule);
    const app = await NestFactory.createApplicationContext(AppModule, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    return app;
  }),
);
for (const app of apps) {
  await app.get(TraceContext).run({ name: 'import' }, async () => new Logger().log('order'));
}
// With a longer wait, the exporters have been refused and wait for their next attempt.
await sleep(Number(process.env['WAIT_MS']));
await Promise.all(apps.map((app) => app.close()));

const closed = performance.now();
const active = setTimeout(() => console.log(process.getActiveResourcesInfo()), 500).unref();
process.once('exit', () => {
  clearTimeout(active);
  console.log(`lived ${Math.round(performance.now() - closed)} ms`);
});
