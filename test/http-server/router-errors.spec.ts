import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger, Param } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import fastify, { type FastifyInstance } from 'fastify';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();

const IDS = {
  'x-request-id': 'req-7',
  traceparent: `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`,
};
/** Longer than Fastify's `maxParamLength`, and no URL. */
const REFUSED = [`/items/${'x'.repeat(101)}`, `/items/${'x'.repeat(2000)}`, '/items/%zz'];

@Controller()
class ItemsController {
  @Get('items/:id')
  item(@Param('id') id: string): string {
    return id;
  }
}

const of = { controllers: [ItemsController] };

describe.each(PLATFORMS)('a request that the router may refuse, on %s', (platform) => {
  it('has one line, and its ids in the answer', async () => {
    const { send, sink } = await tracedApp(platform).of(of).start();
    const statuses: number[] = [];
    for (const path of REFUSED) {
      const response = await send(path, { headers: IDS });
      statuses.push(response.status);
      expect(response.headers.get('x-request-id')).toBe('req-7');
      await response.text();
    }
    expect(statuses).toEqual(platform === 'fastify' ? [414, 414, 400] : [200, 200, 400]);
    const lines = await sink.finishes(REFUSED.length);
    expect(lines.map((line) => [line['path'], line['status_code']])).toEqual(
      REFUSED.map((path, i) => [path, statuses[i]]),
    );
    for (const line of lines) {
      expect(line).toMatchObject({ trace_id: 'a1'.repeat(16), request_id: 'req-7' });
    }
    expect(new Set(lines.map(({ span_id }) => span_id)).size).toBe(REFUSED.length);
  });
});

describe('an instance of Fastify that was made by hand', () => {
  const start = (instance: FastifyInstance) =>
    tracedApp('fastify')
      .of(of)
      .onto(new FastifyAdapter(instance as never))
      .start();

  /** A constraint that fails. */
  const failing = {
    name: 'tenant',
    storage: () => ({ get: () => null, set: () => {} }),
    deriveConstraint: (_request: unknown, _context: unknown, done: (error: Error) => void) =>
      done(new Error('no tenant')),
  };

  it('answers as it would without tracing, with one line', async () => {
    const plain = fastify();
    plain.get('/items/:id', () => 'ok');
    const url = await plain.listen();
    const { send, sink } = await start(fastify());
    const answerOf = async (response: Response) => ({
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    });
    for (const path of REFUSED) {
      const answer = await answerOf(await send(path, { headers: IDS }));
      expect(answer).toEqual(await answerOf(await fetch(url + path)));
    }
    await plain.close();
    const lines = await sink.finishes(REFUSED.length);
    expect(lines.map(({ request_id }) => request_id)).toEqual(REFUSED.map(() => 'req-7'));
  });

  it('has a line where a constraint fails', async () => {
    const options = { routerOptions: { constraints: { tenant: failing } } };
    const plain = fastify(options as never) as unknown as FastifyInstance;
    plain.get('/a', { constraints: { tenant: 'x' } }, () => 'ok');
    const url = await plain.listen();
    const instance = fastify(options as never) as unknown as FastifyInstance;
    instance.get('/a', { constraints: { tenant: 'x' } }, () => 'ok');
    const { send, sink } = await start(instance);
    const response = await send('/a', { headers: IDS });
    expect(await response.text()).toBe(await (await fetch(`${url}/a`)).text());
    expect(await sink.finishes(1)).toMatchObject([{ request_id: 'req-7', status_code: 500 }]);
    await plain.close();
  });

  it('runs its own `frameworkErrors` in the trace', async () => {
    const logger = new Logger('Router');
    const { send, sink } = await start(
      fastify({
        frameworkErrors: (error, _request, reply) => {
          logger.warn(error.code);
          reply.raw.writeHead(422).end('refused');
        },
      }) as unknown as FastifyInstance,
    );
    const response = await send('/items/%zz', { headers: IDS });
    expect([response.status, await response.text()]).toEqual([422, 'refused']);
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ request_id: 'req-7', status_code: 422 });
    expect(sink.linesOf('FST_ERR_BAD_URL')).toMatchObject([
      { request_id: 'req-7', span_id: line!.span_id },
    ]);
  });

  it('warns once where its options have moved, and traces all else', async () => {
    const instance = new Proxy(fastify(), {
      ownKeys: (target) =>
        Reflect.ownKeys(target).filter(
          (key) => typeof key === 'string' || key.description !== 'fastify.options',
        ),
    });
    const { send, sink } = await start(instance);
    await send('/items/1', { headers: IDS });
    expect(await sink.finishes(1)).toMatchObject([{ request_id: 'req-7', status_code: 200 }]);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/fastify \d+\.\d+\.\d+ .*`frameworkErrors`/),
    ]);
  });
});
