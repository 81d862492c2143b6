import { TracingMetricsModule } from 'nestjs-tracing/metrics';
import { expectThat, isTraced, smoke } from './smoke.js';

await smoke({
  metadata: { imports: isTraced ? [TracingMetricsModule.forRoot()] : [] },
  check: async (app) => {
    const text = await (await fetch(`${await app.getUrl()}/metrics`)).text();
    expectThat(
      /^http_server_request_duration_seconds_count\{.*http_route="\/work\/:n".*\} 5$/m.test(text),
      'the requests are not counted by their route',
    );
    return 'counted by their route';
  },
});
