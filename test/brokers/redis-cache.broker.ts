import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Controller, Get, Logger, Param, type INestApplication } from '@nestjs/common';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { subscribeApplication, type SpanRecord } from '../../src/index.js';
import { tracedApp, type TracedApp } from '../support/traced-app.js';
import { eventually, type Line } from '../support/line-sink.js';
import { accessTo } from './servers/access.js';

const access = accessTo('redis');
const PREFIX = `nestjs-tracing-cache-${process.pid}`;

/** What requests do, by their names. */
const works = new Map<string, () => unknown>();

@Controller()
class WorkController {
  @Get('run/:name')
  async run(@Param('name') name: string): Promise<never> {
    await works.get(name)!();
    // A request that fails has its steps on its line.
    throw new Error('explain');
  }
}

interface Explained {
  readonly line: Line;
  readonly steps: string[];
  readonly spans: SpanRecord[];
}

let traced: TracedApp;
const spansOf = new Map<string, SpanRecord[]>();

async function startApp(): Promise<void> {
  traced = await tracedApp('express')
    .of({ controllers: [WorkController] })
    .start();
  noteSpans(traced.app);
}

function noteSpans(app: INestApplication): void {
  subscribeApplication(app, {
    onSpan(span, request) {
      const spans = spansOf.get(request.requestId) ?? [];
      spansOf.set(request.requestId, [...spans, span]);
    },
  });
}

async function explain(work: () => unknown, id = randomUUID()): Promise<Explained> {
  works.set(id, work);
  await traced.send(`/run/${id}`, { headers: { 'x-request-id': id } });
  const isIts = (line: Line): boolean =>
    line.request_id === id && line.message === 'Request finished';
  await eventually(() => traced.sink.lines.some(isIts), `the line of ${id}`);
  const line = traced.sink.lines.find(isIts)!;
  const steps = ((line['steps'] ?? []) as { name: string }[]).map(({ name }) => name);
  return {
    line,
    steps: steps.filter((name) => name === name.toUpperCase()),
    spans: spansOf.get(id) ?? [],
  };
}

const key = (name: string): string => `${PREFIX}:${name}`;

/** Work that no request waits for is over before the next one begins. */
const REQUESTS = 200;

access.describe('calls of Redis', () => {
  const { hostname, port } = new URL(access.url === '' ? 'redis://none:1' : access.url);
  const server = { 'server.address': hostname, 'server.port': Number(port) };
  const attributes = (command: string) => ({
    'db.system.name': 'redis',
    'db.operation.name': command,
    'db.namespace': '0',
    ...server,
  });

  beforeEach(startApp);

  /** As many overlapping requests, each with commands of its own number. */
  async function overlapping(work: (n: number) => Promise<unknown>): Promise<Explained[]> {
    return Promise.all(
      Array.from({ length: REQUESTS }, (_, n) =>
        explain(async () => {
          // Each has another number of steps, so that one on a wrong request shows.
          await work(n);
        }, `${randomUUID()}-${n}`),
      ),
    );
  }

  const commandsOf = (n: number): string[] =>
    Array.from({ length: (n % 4) + 1 }, (_, i) => ['GET', 'STRLEN', 'TTL', 'EXISTS'][(n + i) % 4]!);

  describe('ioredis', () => {
    let redis: Redis;

    beforeEach(async () => {
      redis = new Redis(access.url);
      await redis.set(key('text'), 'a text');
    });
    afterEach(() => redis.disconnect());

    it('are steps with the stable attributes, and counted', async () => {
      const { line, steps, spans } = await explain(async () => {
        await redis.get(key('text'));
        await redis.mget(key('text'), key('none'));
        await redis.call('GET', key('text'));
      });
      expect(steps).toEqual(['GET', 'MGET', 'GET']);
      expect(spans.map((span) => span.attributes)).toEqual([
        attributes('GET'),
        attributes('MGET'),
        attributes('GET'),
      ]);
      expect(line).toMatchObject({ cache_count: 3, cache_ms: expect.any(Number) });
      expect(line).not.toHaveProperty('db_count');
    });

    it('are no steps where the application does not want them', async () => {
      const { app, sink, send } = await tracedApp('fastify')
        .with({ spans: { clients: { caches: false } } })
        .of({ controllers: [WorkController] })
        .start();
      works.set('unwanted', () => redis.get(key('text')));
      await send('/run/unwanted');
      const [line] = await sink.finishes(1);
      expect(line).not.toHaveProperty('cache_count');
      await app.close();
    });

    it('name the database that was selected', async () => {
      const other = redis.duplicate({ db: 3 });
      const { spans } = await explain(async () => {
        await other.get(key('text'));
        await other.select(5);
        await other.get(key('text'));
      });
      expect(spans.map((span) => span.attributes?.['db.namespace'])).toEqual(['3', '3', '5']);
      other.disconnect();
    });

    it('fail with the code of the server and without what was sent', async () => {
      const { spans, line } = await explain(async () => {
        await redis.lpush(key('text'), 'CANARY-1').catch(() => {});
        await redis.call('CANARYTWO', 'CANARY-3').catch(() => {});
        await redis
          .eval('return redis.error_reply("CANARY-4 " .. KEYS[1])', 1, 'CANARY-5')
          .catch(() => {});
      });
      const told = spans.map(({ name, failed, attributes, error }) => ({
        name,
        failed,
        code: attributes?.['db.response.status_code'],
        error: (error as Error | undefined)?.message,
      }));
      expect(told).toEqual([
        {
          name: 'LPUSH',
          failed: true,
          code: 'WRONGTYPE',
          error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
        },
        { name: 'CANARYTWO', failed: true, code: 'ERR', error: 'ERR unknown command ?' },
        { name: 'EVAL', failed: true, code: undefined, error: 'an error of a script' },
      ]);
      expect(JSON.stringify(line)).not.toContain('CANARY-');
    });

    it('are one step for a pipeline or a transaction', async () => {
      const { line, spans } = await explain(async () => {
        await redis.pipeline().get(key('text')).get(key('none')).ttl(key('text')).exec();
        await redis.multi().set(key('n'), '1').incr(key('n')).exec();
        await redis.multi([['get', key('text')]]).exec();
        await redis.pipeline().exec();
        await redis.pipeline().get(key('text')).lpush(key('text'), 'x').exec();
        await redis.multi().lpush(key('text'), 'x').exec();
      });
      expect(
        spans.map(({ name, failed, attributes }) => [
          name,
          attributes?.['db.operation.batch.size'],
          failed,
        ]),
      ).toEqual([
        ['PIPELINE', 3, false],
        ['MULTI', 2, false],
        ['MULTI', 1, false],
        ['PIPELINE', 2, true],
        ['MULTI', 1, true],
      ]);
      expect(line).toMatchObject({ cache_count: 5 });
    });

    it('are those of scripts, streams, blocking commands and subscriptions', async () => {
      redis.defineCommand('answer', { numberOfKeys: 1, lua: 'return redis.call("GET", KEYS[1])' });
      const custom = redis as Redis & { answer(key: string): Promise<string> };
      await redis.script('FLUSH');
      const { steps } = await explain(async () => {
        expect(await custom.answer(key('text'))).toBe('a text');
        await redis.script('FLUSH');
        expect(await custom.answer(key('text'))).toBe('a text');
        await redis.blpop(key('empty'), 0.05);
        const stream = redis.scanStream({ match: key('*'), count: 10_000 });
        stream.resume();
        await once(stream, 'end');
        await redis.publish(key('channel'), 'x');
      });
      expect(steps).toEqual([
        'EVALSHA',
        'SCRIPT',
        'EVALSHA',
        'EVALSHA',
        'BLPOP',
        'SCAN',
        'PUBLISH',
      ]);
    });

    it('are of their request if they waited for a connection that another request opened', async () => {
      const lazy = new Redis(access.url, { lazyConnect: true, db: 2, connectionName: 'lazy' });
      const before = lazy.get(key('outside'));
      const results = await overlapping((n) =>
        Promise.all(commandsOf(n).map((command) => lazy.call(command, key('text')))),
      );
      results.forEach(({ steps, line }, n) => {
        expect(steps.toSorted()).toEqual(commandsOf(n).toSorted());
        expect(line['cache_count']).toBe(commandsOf(n).length);
      });
      await before;
      lazy.disconnect();
    });

    it('are no steps of the request that opened a connection, if the connection makes them', async () => {
      const lazy = new Redis(access.url, {
        lazyConnect: true,
        db: 2,
        connectionName: 'lazy',
        retryStrategy: () => 1,
      });
      const { steps } = await explain(async () => {
        await lazy.get(key('text'));
        const again = once(lazy, 'ready');
        lazy.disconnect(true);
        await again;
        await lazy.get(key('text'));
      });
      expect(steps).toEqual(['GET', 'GET']);
      lazy.disconnect();
    });

    it.each([false, true])(
      'are of their request on a shared connection (automatic pipelines: %s)',
      async (enableAutoPipelining) => {
        const shared = new Redis(access.url, { enableAutoPipelining });
        const results = await overlapping(async (n) => {
          for (const command of commandsOf(n)) {
            await shared[command.toLowerCase() as 'get'](key('text'));
          }
        });
        results.forEach(({ steps, line }, n) => {
          expect(steps).toEqual(commandsOf(n));
          expect(line['cache_count']).toBe(commandsOf(n).length);
        });
        shared.disconnect();
      },
    );

    it.each([false, true])(
      'call back in the context of their caller (automatic pipelines: %s)',
      async (enableAutoPipelining) => {
        const shared = new Redis(access.url, { enableAutoPipelining, lazyConnect: true });
        const logger = new Logger('callbacks');
        await overlapping(
          (n) =>
            new Promise<void>((resolve) => {
              void shared.get(key('text'), () => {
                logger.log(`called back ${n}`);
                void shared
                  .pipeline()
                  .get(key('text'))
                  .exec(() => {
                    logger.log(`called back ${n}`);
                    resolve();
                  });
              });
            }),
        );
        const lines = traced.sink.lines.filter(({ message }) => message.startsWith('called back'));
        expect(lines).toHaveLength(2 * REQUESTS);
        for (const { message, request_id } of lines) {
          expect(request_id.endsWith(`-${message.slice('called back '.length)}`)).toBe(true);
        }
        shared.disconnect();
      },
    );
  });

  describe('redis', () => {
    let client: ReturnType<typeof createClient>;

    beforeEach(async () => {
      client = createClient({ url: access.url });
      await client.connect();
      await client.set(key('text'), 'a text');
    });
    afterEach(() => client.destroy());

    it('are steps with the stable attributes, and counted', async () => {
      const { line, steps, spans } = await explain(async () => {
        await client.get(key('text'));
        await client.mGet([key('text'), key('none')]);
        await client.sendCommand(['get', key('text')]);
      });
      expect(steps).toEqual(['GET', 'MGET', 'GET']);
      expect(spans.map((span) => span.attributes)).toEqual([
        attributes('GET'),
        attributes('MGET'),
        attributes('GET'),
      ]);
      expect(line).toMatchObject({ cache_count: 3, cache_ms: expect.any(Number) });
    });

    it('fail with the code of the server and without what was sent', async () => {
      const { spans, line } = await explain(async () => {
        await client.lPush(key('text'), 'CANARY-1').catch(() => {});
        await client.sendCommand(['CANARYTWO', 'CANARY-3']).catch(() => {});
        await client
          .eval('return redis.error_reply("CANARY-4 " .. KEYS[1])', { keys: ['CANARY-5'] })
          .catch(() => {});
      });
      const told = spans.map(({ name, failed, attributes, error }) => ({
        name,
        failed,
        code: attributes?.['db.response.status_code'],
        error: (error as Error | undefined)?.message,
      }));
      expect(told).toEqual([
        {
          name: 'LPUSH',
          failed: true,
          code: 'WRONGTYPE',
          error: 'WRONGTYPE Operation against a key holding the wrong kind of value',
        },
        { name: 'CANARYTWO', failed: true, code: 'ERR', error: 'ERR unknown command ?' },
        { name: 'EVAL', failed: true, code: undefined, error: 'an error of a script' },
      ]);
      expect(JSON.stringify(line)).not.toContain('CANARY-');
    });

    it('are one step for a pipeline or a transaction', async () => {
      const { line, spans } = await explain(async () => {
        await client.multi().get(key('text')).ttl(key('text')).execAsPipeline();
        await client.multi().set(key('n'), '1').incr(key('n')).exec();
        await client
          .multi()
          .lPush(key('text'), 'x')
          .exec()
          .catch(() => {});
        await client
          .multi()
          .get(key('text'))
          .lPush(key('text'), 'x')
          .execAsPipeline()
          .catch(() => {});
      });
      expect(
        spans.map(({ name, failed, attributes }) => [
          name,
          attributes?.['db.operation.batch.size'],
          failed,
        ]),
      ).toEqual([
        ['PIPELINE', 2, false],
        ['MULTI', 2, false],
        ['MULTI', 1, true],
        ['PIPELINE', 2, true],
      ]);
      expect(line).toMatchObject({ cache_count: 4 });
    });

    it('are of their request on a shared connection', async () => {
      const results = await overlapping(async (n) => {
        for (const command of commandsOf(n)) await client.sendCommand([command, key('text')]);
      });
      results.forEach(({ steps }, n) => expect(steps).toEqual(commandsOf(n)));
    });

    it('are of their request on a pool of two', async () => {
      const pool = createClientPool({ url: access.url }, { minimum: 1, maximum: 2 });
      await pool.connect();
      const logger = new Logger('callbacks');
      // Those of no request wait among the others.
      const outside = Array.from({ length: 50 }, () => pool.get(key('outside')));
      const results = await overlapping(async (n) => {
        for (const command of commandsOf(n)) await pool.sendCommand([command, key('text')]);
        await pool.execute(async (one) => {
          logger.log(`called back ${n}`);
          await one.get(key('text'));
        });
      });
      await Promise.all(outside);
      results.forEach(({ steps, line }, n) => {
        expect(steps).toEqual([...commandsOf(n), 'GET']);
        expect(line['cache_count']).toBe(commandsOf(n).length + 1);
      });
      const lines = traced.sink.lines.filter(({ message }) => message.startsWith('called back'));
      expect(lines).toHaveLength(REQUESTS);
      for (const { message, request_id } of lines) {
        expect(request_id.endsWith(`-${message.slice('called back '.length)}`)).toBe(true);
      }
      pool.destroy();
    });
  });

  it('are no steps where a job is added, and are where the application makes them', async () => {
    const queue = new Queue('cache', { connection: { url: access.url }, prefix: PREFIX });
    const application = await tracedApp('express')
      .of({
        controllers: [WorkController],
        imports: [
          BullModule.registerQueue({
            name: 'cache',
            connection: { url: access.url },
            prefix: PREFIX,
          }),
        ],
      })
      .start();
    noteSpans(application.app);
    const own = application.app.get<Queue>(getQueueToken('cache'));
    const redis = new Redis(access.url);
    const id = randomUUID();
    works.set(id, async () => {
      await own.add('job', { a: 1 });
      await redis.get(key('text'));
      await own.addBulk([{ name: 'job', data: {} }]);
    });
    await application.send(`/run/${id}`, { headers: { 'x-request-id': id } });
    const [line] = await application.sink.finishes(1);
    expect((line!['steps'] as { name: string }[]).map(({ name }) => name)).toEqual([
      'add cache',
      'GET',
      'addBulk cache',
    ]);
    expect(line).toMatchObject({ cache_count: 1 });
    redis.disconnect();
    await queue.close();
  });
});
