import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { tracedApp } from '../support/traced-app.js';

@Controller()
class ItemsController {
  @Get('items/:id')
  get(): string {
    return 'ok';
  }
}

// Fastify answers these while it routes, before any hook.
describe('requests that Fastify refuses', () => {
  it.each([
    ['/%', 400],
    ['/items/%zz?session_id=hidden', 400],
    [`/items/${'x'.repeat(101)}`, 414],
  ])('%s has ids and one access log line', async (path, status) => {
    const { send, sink } = await tracedApp('fastify')
      .of({ controllers: [ItemsController] })
      .start();
    const answer = await send(path, { headers: { 'x-request-id': 'refused-1' } });
    expect([answer.status, answer.headers.get('x-request-id')]).toEqual([status, 'refused-1']);
    expect(await sink.finishes(1)).toEqual([
      expect.objectContaining({
        request_id: 'refused-1',
        path: path.replace(/\?.*/, ''),
        status_code: status,
        outcome: 'completed',
      }),
    ]);
  });

  it('an escape and a long parameter that are none of these have one line too', async () => {
    const { send, sink } = await tracedApp('fastify')
      .of({ controllers: [ItemsController] })
      .start();
    expect((await send(`/items/${'x'.repeat(90)}%20`)).status).toBe(200);
    expect(await sink.finishes(1)).toHaveLength(1);
  });
});
