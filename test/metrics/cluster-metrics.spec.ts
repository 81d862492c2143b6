import { expect, it } from '@jest/globals';
import { ServiceProcess } from '../support/service-process.js';

const NAME = 'http_server_request_duration_seconds';

function valueOf(text: string, sample: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1) ?? Number.NaN);
}

it('the primary of a cluster serves the sum of what its workers have counted', async () => {
  const service = await ServiceProcess.start('test/metrics/cluster-app.ts');
  const { ports, metrics } = service.ready as { ports: number[]; metrics: number };
  const held = new AbortController();
  for (const [i, port] of ports.entries()) {
    for (let n = 0; n <= i; n++) await (await fetch(`http://127.0.0.1:${port}/users/${n}`)).text();
    fetch(`http://127.0.0.1:${port}/users/1/held`, { signal: held.signal }).catch(() => {});
  }
  await (await fetch(`http://127.0.0.1:${ports[0]}/nothing`)).text();
  const url = `http://127.0.0.1:${metrics}`;
  const scrape = async (): Promise<string> => (await fetch(`${url}/metrics`)).text();
  const active = 'http_server_active_requests{http_request_method="GET"}';
  let text = await scrape();
  for (let i = 0; i < 100 && valueOf(text, active) !== 3; i++) text = await scrape();

  expect(valueOf(text, active)).toBe(3);
  const labels =
    'http_request_method="GET",http_route="/users/:id",http_response_status_code="200",error_type=""';
  expect(valueOf(text, `${NAME}_count{${labels}}`)).toBe(1 + 2 + 3);
  expect(valueOf(text, `${NAME}_bucket{le="+Inf",${labels}}`)).toBe(6);
  expect(text.match(new RegExp(`^${NAME}_count.*`, 'gm'))).toHaveLength(2);
  expect(text.match(new RegExp(`^# TYPE ${NAME} histogram$`, 'gm'))).toHaveLength(1);

  // Scrapes at the same time, and what is not one.
  const all = await Promise.all([scrape(), scrape(), scrape()]);
  for (const each of all) expect(valueOf(each, `${NAME}_count{${labels}}`)).toBe(6);
  const answer = await fetch(`${url}/metrics?x=1`);
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  expect((await fetch(`${url}/other`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(404);
  held.abort();
});
