import { afterAll, beforeAll } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { Server } from 'node:http';
import { TracingLogger } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { TracedAppBuilder, type Platform } from '../support/traced-app.js';

/** An application that lives as long as the attacks of one table. */
export interface AttackedApp {
  app: INestApplication;
  url: string;
  port: number;
  server: Server;
  sink: LineSink;
}

/**
 * Starts an application before the tests of a block and closes it after them: a table has hundreds of
 * rows. What it returns is filled when they run.
 */
export function attackedApp(
  platform: Platform,
  build: (builder: TracedAppBuilder) => TracedAppBuilder,
  { isTraced = true } = {},
): AttackedApp {
  const sink = new LineSink();
  const attacked = { sink } as AttackedApp;
  beforeAll(async () => {
    const builder = build(new TracedAppBuilder(platform, sink));
    const app = await builder.create();
    if (isTraced) app.useLogger(app.get(TracingLogger));
    else app.useLogger(false);
    await app.listen(0, '127.0.0.1');
    const server = app.getHttpServer() as Server;
    const { port } = server.address() as { port: number };
    Object.assign(attacked, { app, server, port, url: `http://127.0.0.1:${port}` });
    sink.clear();
  });
  afterAll(() => attacked.app?.close());
  return attacked;
}
