import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, Req, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { IncomingMessage } from 'node:http';
import { Writable } from 'node:stream';
// @ts-expect-error: it has no types of its own.
import morgan from 'morgan';
import { pinoHttp } from 'pino-http';
import { TracingModule } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, sinkLogger, tracedApp } from '../support/traced-app.js';

interface Named {
  id?: unknown;
  raw?: { id?: unknown };
  log?: { info(message: string): void };
}

@Controller()
class NamesController {
  @Get()
  get(@Req() request: Named): unknown {
    request.log?.info('handled');
    return { id: request.id, raw: request.raw?.id ?? request.id };
  }
}

/** What a logger writes, as lines of JSON. */
function linesOf(): { stream: Writable; lines: Record<string, any>[] } {
  const lines: Record<string, any>[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      for (const line of String(chunk).split('\n').filter(Boolean)) lines.push(JSON.parse(line));
      done();
    },
  });
  return { stream, lines };
}

type Next = () => void;

const byText = (a: string, b: string): number => a.localeCompare(b);

async function namesOf(answer: Promise<Response>): Promise<{ id: string; raw: string }> {
  return (await (await answer).json()) as { id: string; raw: string };
}

describe.each(PLATFORMS)('the name of a request on %s', (platform) => {
  it('is the request id for the platform, pino-http and morgan', async () => {
    const { stream, lines } = linesOf();
    const words: string[] = [];
    const token = (request: object): string => String((request as Named).id);
    morgan.token('id', token);
    const app = await tracedApp(platform)
      .of({ controllers: [NamesController] })
      .prepared((nest: INestApplication) => {
        nest.use(pinoHttp({ genReqId: () => 'pino' }, stream));
        nest.use(morgan(':id', { stream: { write: (line: string) => words.push(line.trim()) } }));
      })
      .start();
    const named = await Promise.all([
      namesOf(app.send('/', { headers: { 'x-request-id': 'req-001' } })),
      namesOf(app.send('/')),
    ]);
    const finished = await app.sink.finishes(2);
    const ids = finished.map((line) => line.request_id).toSorted(byText);
    expect(named.map(({ id }) => id).toSorted(byText)).toEqual(ids);
    for (const { id, raw } of named) expect(raw).toBe(id);
    expect(words.toSorted(byText)).toEqual(ids);
    const ofPino = lines.filter(({ msg }) => msg === 'request completed');
    expect(ofPino.map(({ req }) => req.id as string).toSorted(byText)).toEqual(ids);
    expect(ids).toContain('req-001');
  });

  it('is that of a middleware which sets one of its own, and leaves the log alone', async () => {
    const app = await tracedApp(platform)
      .of({ controllers: [NamesController] })
      .prepared((nest: INestApplication) => {
        nest.use((request: Named, _response: unknown, next: Next) => {
          request.id = 'own';
          next();
        });
      })
      .start();
    const { raw } = await namesOf(app.send('/', { headers: { 'x-request-id': 'req-001' } }));
    expect(raw).toBe('own');
    expect((await app.sink.finishes(1))[0]!.request_id).toBe('req-001');
  });

  it('is nothing that stays when the last application has closed', async () => {
    // Other test files of this process share the prototypes.
    const before = Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'id');
    const app = await tracedApp(platform)
      .of({ controllers: [NamesController] })
      .start();
    await (await app.send('/')).text();
    await app.app.close();
    expect(Object.getOwnPropertyDescriptor(IncomingMessage.prototype, 'id')).toEqual(before);
  });
});

describe("Fastify's own logger", () => {
  it('has the request id on each line, from the first', async () => {
    const { stream, lines } = linesOf();
    const sink = new LineSink();
    let untrusted = 0;
    @Module({
      imports: [
        TracingModule.forRoot({
          logger: sinkLogger(sink),
          trustIncoming: (request) => {
            if (request.headers['x-untrusted'] !== undefined) untrusted++;
            return request.headers['x-untrusted'] === undefined;
          },
        }),
      ],
      controllers: [NamesController],
    })
    class AppModule {}
    const adapter = new FastifyAdapter({ logger: { level: 'info', stream } });
    const app = await NestFactory.create(AppModule, adapter as never, { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    await (await fetch(url, { headers: { 'x-request-id': 'req-001' } })).text();
    await (await fetch(url, { headers: { 'x-request-id': 'req-002', 'x-untrusted': '1' } })).text();
    await (await fetch(url)).text();
    const finished = await sink.finishes(3);
    await app.close();
    const ids = finished.map((line) => line.request_id);
    for (const message of ['incoming request', 'handled', 'request completed']) {
      const ofFastify = lines.filter(({ msg }) => msg === message);
      expect([message, ofFastify.map(({ reqId }) => reqId)]).toEqual([message, ids]);
    }
    expect(ids[0]).toBe('req-001');
    expect(ids[1]).not.toBe('req-002');
    expect(untrusted).toBe(1);
    expect(finished[2]!.trace_id).toMatch(/^[0-9a-f]{32}$/);
  });
});
