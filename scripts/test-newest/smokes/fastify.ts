import { Controller, Post } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { expectThat, lineOf, smoke, traceIdOf } from './smoke.js';

@Controller()
class OrdersController {
  @Post('orders')
  order(): string {
    return 'ordered';
  }
}

/** Content types, by the status of a request with them. */
const CONTENT_TYPES: readonly [type: string, status: number][] = [
  ['application/json', 201],
  ['application/json; charset=utf-8', 201],
  ['application/unknown', 415],
  ['application/json garbage', 415],
];

await smoke({
  adapter: new FastifyAdapter({ forceCloseConnections: true }),
  metadata: { controllers: [OrdersController] },
  check: async (app) => {
    const seen: string[] = [];
    for (const [i, [type, expected]] of CONTENT_TYPES.entries()) {
      const traceId = traceIdOf(100 + i);
      const { status } = await fetch(`${await app.getUrl()}/orders`, {
        method: 'POST',
        headers: { 'content-type': type, traceparent: `00-${traceId}-b7ad6b7169203331-01` },
        body: '{}',
      });
      await lineOf({ message: 'Request finished', trace_id: traceId, status_code: status });
      seen.push(`${type} ${status}`);
      // What is strict depends on the version; the line has what was answered.
      if (i === 0 || i === 2) expectThat(status === expected, `${type} is answered with ${status}`);
    }
    return `on their lines: ${seen.join(', ')}`;
  },
});
