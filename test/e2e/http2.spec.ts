import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { connect, constants, type ClientHttp2Session } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { TracingLogger, TracingModule } from '../../src/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { eventually, LineSink } from '../support/line-sink.js';
import { sinkLogger } from '../support/traced-app.js';
import { VIEWER_TOKEN } from '../viewer/support.js';

@Controller()
class WorkController {
  @Get('work')
  work(): string {
    return 'done';
  }

  @Get('slow')
  async slow(): Promise<string> {
    await sleep(300);
    return 'late';
  }
}

describe('HTTP/2 on fastify', () => {
  let app: INestApplication;
  let client: ClientHttp2Session;

  afterEach(async () => {
    client.destroy();
    await app.close();
  });

  async function start(): Promise<LineSink> {
    const sink = new LineSink();
    @Module({
      imports: [TracingModule.forRoot({ logger: sinkLogger(sink) }), TraceViewerModule.forRoot()],
      controllers: [WorkController],
    })
    class AppModule {}
    const adapter = new FastifyAdapter({ http2: true } as object);
    app = await NestFactory.create(AppModule, adapter, { bufferLogs: true });
    app.useLogger(app.get(TracingLogger));
    await app.listen(0, '127.0.0.1');
    sink.clear();
    client = connect(await app.getUrl());
    return sink;
  }

  it('serves the trace viewer, and streams to it what happens', async () => {
    await start();
    const ask = async (path: string, headers: Record<string, string> = {}) => {
      const stream = client.request({ ':path': path, ...headers });
      const answer = await new Promise<Record<string, unknown>>((resolve) => {
        stream.once('response', resolve);
      });
      const answered = { status: answer[':status'], body: '' };
      stream.setEncoding('utf8').on('data', (text: string) => (answered.body += text));
      return answered;
    };
    const token = { authorization: `Bearer ${VIEWER_TOKEN}` };
    expect(await ask('/_traces/', token)).toMatchObject({ status: 200 });
    expect(await ask('/_traces/')).toMatchObject({ status: 401 });
    const foreign = { ...token, origin: 'https://evil.example' };
    expect(await ask('/_traces/', foreign)).toMatchObject({ status: 403 });
    const stream = await ask('/_traces/stream', token);
    expect(stream.status).toBe(200);
    await ask('/work', { 'x-request-id': 'r-1' });
    await eventually(() => stream.body.includes('"outcome":"completed"'), 'the request');
    expect(stream.body).toContain('"requestId":"r-1"');
  });

  it('has ids, headers and an access log line', async () => {
    const sink = await start();
    const stream = client.request({ ':path': '/work', 'x-request-id': 'r-1' });
    const headers = await new Promise<Record<string, unknown>>((resolve) => {
      stream.once('response', resolve);
    });
    stream.resume();
    expect(headers).toMatchObject({ 'x-request-id': 'r-1', 'x-trace-id': 'r-1' });
    expect(await sink.finishes(1)).toMatchObject([
      { request_id: 'r-1', status_code: 200, outcome: 'completed', handler: 'WorkController.work' },
    ]);
  });

  it('says of a stream that the client reset that it was aborted', async () => {
    const sink = await start();
    const stream = client.request({ ':path': '/slow' });
    stream.on('error', () => {});
    await sleep(50);
    stream.close(constants.NGHTTP2_CANCEL);
    expect(await sink.finishes(1)).toMatchObject([{ outcome: 'aborted' }]);
  });
});
