// Two releases of the package in one process: an application of each, of which one calls the other.
import 'reflect-metadata';
import { Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import winston from 'winston';

const [first, second] = await Promise.all(
  process.argv.slice(2, 4).map((folder) => import(pathToFileURL(`${folder}/esm/index.js`).href)),
);
const lines = { first: [], second: [] };

function loggerInto(target, { traceJson }) {
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      target.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return winston.createLogger({
    format: traceJson(),
    transports: [new winston.transports.Stream({ stream })],
  });
}

async function start(release, target, answer) {
  class OrdersController {
    answer() {
      return answer();
    }
  }
  Controller()(OrdersController);
  const descriptor = Object.getOwnPropertyDescriptor(OrdersController.prototype, 'answer');
  Get()(OrdersController.prototype, 'answer', descriptor);
  class AppModule {}
  Module({
    imports: [release.TracingModule.forRoot({ logger: loggerInto(target, release) })],
    controllers: [OrdersController],
  })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  app.useLogger(app.get(release.TracingLogger));
  await app.listen(0, '127.0.0.1');
  target.length = 0;
  return app;
}

const inner = await start(second, lines.second, () => {
  // Nest's own `Logger` is one for the process: it writes to the logger that was set last.
  inner.get(second.TracingLogger).log('inner');
  return 'inner';
});
const innerUrl = await inner.getUrl();
const outer = await start(first, lines.first, async () => (await fetch(innerUrl)).text());

const answers = await Promise.all(
  Array.from({ length: 20 }, (_, i) =>
    outer.getUrl().then((url) => fetch(url, { headers: { 'x-request-id': `req-${i}` } })),
  ),
);
const symbols = Object.getOwnPropertySymbols(globalThis)
  .map((symbol) => Symbol.keyFor(symbol))
  .filter((key) => key?.startsWith('nestjs-tracing'));
await Promise.all([outer.close(), inner.close()]);
process.stdout.write(
  JSON.stringify({ statuses: answers.map(({ status }) => status), ...lines, symbols }),
);
