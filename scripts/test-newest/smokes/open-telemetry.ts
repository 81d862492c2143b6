import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { OtlpModule } from 'nestjs-tracing/otlp';
import { expectThat, isTraced, smoke, traceIdOf } from './smoke.js';

/** What a collector was sent, by path. */
const received: Record<string, Buffer[]> = { '/v1/traces': [], '/v1/logs': [] };
const collector = createServer(async (request, response) => {
  const body = await buffer(request);
  const isPacked = request.headers['content-encoding'] === 'gzip';
  received[request.url ?? '']?.push(isPacked ? gunzipSync(body) : body);
  response.writeHead(200).end();
});
collector.listen(0, '127.0.0.1');
await once(collector, 'listening');
const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

await smoke({
  metadata: { imports: isTraced ? [OtlpModule.forRoot({ url })] : [] },
  after: () => {
    collector.closeAllConnections();
    collector.close();
    if (!isTraced) return undefined;
    for (const [path, bodies] of Object.entries(received)) {
      const sent = Buffer.concat(bodies).toString('hex');
      for (let n = 0; n < 5; n++) {
        const isThere = sent.includes(traceIdOf(n));
        expectThat(isThere, `the collector has not got trace ${n} at ${path}`);
      }
    }
    const spans = Buffer.concat(received['/v1/traces'] ?? []).toString('latin1');
    expectThat(spans.includes('GET /work/:n'), 'the span has another name');
    return 'their spans and log entries are with the collector';
  },
});
