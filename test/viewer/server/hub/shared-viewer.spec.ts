import { afterEach, expect, it } from '@jest/globals';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../support/line-sink.js';
import { ServiceProcess } from '../../../support/service-process.js';
import type { ViewLine, ViewRequest } from '../../../../src/viewer/view-records.js';
import { log, logsOf } from '../../receiver/otlp-bodies.js';
import { temporaryFolder } from './hub-process.js';
import { StreamReader } from '../../support.js';

// Real applications in real processes: a cluster, and applications on ports of their own.

const SHOP = 'test/viewer/server/hub/shop.process.ts';

const tokenOf = ({ stderr }: ServiceProcess): string => /token=(\w+)/.exec(stderr)?.[1] ?? '';

/** What a test has begun and a failure must not leave. */
const ending: (() => void)[] = [];
afterEach(() => ending.splice(0).forEach((end) => end()));

/** Sends a request on a connection of its own, so that any worker gets it. Resolves to its answer. */
function get(port: number, path: string, headers = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(text)).on('error', reject);
    });
    // A connection that a worker was about to get when it was killed is never answered.
    sent.setTimeout(10_000, () => sent.destroy(new Error('no answer')));
    sent.on('error', reject).end();
  });
}

/** A page that reconnects as that in a browser does, and all that it was sent. */
class Page {
  readonly records: (ViewLine | ViewRequest)[] = [];
  reconnectedAt = 0;
  instance = '';
  private lastId = '';
  private isClosed = false;

  constructor(
    private readonly port: number,
    private readonly token: string,
  ) {}

  open(): this {
    ending.push(() => this.close());
    void this.run();
    return this;
  }

  close(): void {
    this.isClosed = true;
  }

  paid(): string[] {
    return this.records.flatMap((one) =>
      one.type === 'line' && one.message.startsWith('paid') ? [one.message] : [],
    );
  }

  private async run(): Promise<void> {
    while (!this.isClosed) {
      const from = this.lastId === '' ? '' : `?from=${encodeURIComponent(this.lastId)}`;
      const headers = { Authorization: `Bearer ${this.token}` };
      const opened = StreamReader.open(this.port, from, headers);
      const reader = await Promise.race([opened, sleep(1500)]).catch(() => undefined);
      if (!(reader instanceof StreamReader)) {
        // It may still be answered, or never.
        opened.then((late) => late.close()).catch(() => undefined);
        continue;
      }
      let taken = 0;
      const take = (): void => {
        const news = reader.records.slice(taken);
        taken += news.length;
        this.records.push(...(news as ViewLine[]));
        this.lastId = reader.lastId || this.lastId;
      };
      await eventually(() => {
        if (reader.hello !== undefined && this.instance !== reader.hello['instance']) {
          this.instance = reader.hello['instance']!;
          this.reconnectedAt = performance.now();
        }
        take();
        return reader.hasEnded || this.isClosed || reader.status !== 200;
      }, 'the end of a page').catch(() => undefined);
      take();
      reader.close();
    }
  }
}

it('workers of a cluster and another application are one page, and survive the one that serves it', async () => {
  const TMPDIR = temporaryFolder();
  const shop = await ServiceProcess.start(SHOP, { TMPDIR, WORKERS: '2' });
  const port = Number(shop.ready['port']);
  await eventually(() => tokenOf(shop) !== '', 'the link');
  const token = tokenOf(shop);
  const headers = { Authorization: `Bearer ${token}` };

  const desk = await ServiceProcess.start(SHOP, { TMPDIR, SERVICE: 'desk', PLATFORM: 'fastify' });
  const joined = `nestjs-tracing: desk is in the shared trace viewer of shop, at http://127.0.0.1:${port}/_traces`;
  await eventually(() => desk.stderr.includes(joined), 'what desk says of the page');

  // The page of desk is that of all.
  const page = new Page(Number(desk.ready['port']), token).open();
  const count = 60;
  const pids = await Promise.all(Array.from({ length: count }, (_, n) => get(port, `/pay/${n}`)));
  expect(new Set(pids).size).toBe(2);
  await eventually(() => page.paid().length >= count, 'all lines on one page');
  const requests = page.records.filter((one) => one.type === 'request');
  expect(new Set(requests.map(({ pid }) => String(pid)))).toEqual(new Set(pids));
  const sent = await fetch(`http://127.0.0.1:${Number(desk.ready['port'])}/_traces/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(logsOf([log({ body: { stringValue: 'paid over OTLP' } })])),
  });
  expect(sent.status).toBe(200);
  await eventually(() => page.paid().includes('paid over OTLP'), 'what came over OTLP');

  // Whichever worker gets the rule, all follow it.
  const rule = JSON.stringify({ target: { route: '/pay/:n' }, level: 'debug' });
  const set = await fetch(`http://127.0.0.1:${port}/_traces/levels`, {
    method: 'POST',
    headers: { ...headers, 'Content-Type': 'application/json' },
    body: rule,
  });
  expect(set.status).toBe(201);
  const debugging = new Set<string>();
  for (let n = 0; debugging.size < 2; n++) {
    const pid = await get(port, `/pay/rule-${n}`);
    const isSeen = (text: string): boolean =>
      page.records.some((one) => one.type === 'line' && one.message === `${text} of rule-${n}`);
    await eventually(
      () => isSeen('detail') || page.paid().includes(`paid rule-${n}`),
      'a line of the worker',
    );
    if (isSeen('detail')) debugging.add(pid);
  }

  // The one that serves the page is killed while all work.
  const owner = requests.find(({ key }) => key.startsWith(page.instance))!.pid!;
  const answered: string[] = [];
  let isLoaded = true;
  ending.push(() => (isLoaded = false));
  const load = Array.from({ length: 4 }, async (_, client) => {
    for (let n = 0; isLoaded; n++) {
      const name = `load-${client}-${n}`;
      const pid = await get(port, `/pay/${name}`).catch(() => undefined);
      if (pid !== undefined && pid !== String(owner)) answered.push(`paid ${name}`);
    }
  });
  await eventually(() => answered.length > 50, 'load');
  const killedAt = performance.now();
  process.kill(owner, 'SIGKILL');
  await eventually(() => page.reconnectedAt > killedAt, 'another owner');
  expect(page.reconnectedAt - killedAt).toBeLessThan(2000);
  await eventually(() => answered.length > 150, 'load on the others');
  isLoaded = false;
  await Promise.all(load);
  await eventually(
    () => answered.every((line) => page.paid().includes(line)),
    'all lines of the survivors',
  );
  expect(page.paid()).toHaveLength(new Set(page.paid()).size);
  page.close();

  // One link for all of them.
  expect(`${shop.stderr}\n${desk.stderr}`.match(/nestjs-tracing: .*token=.*/g)).toEqual([
    `nestjs-tracing: to see the traces, open http://127.0.0.1:${port}/_traces?token=${token}`,
  ]);
  await Promise.all([shop.stop(), desk.stop()]);
  expect([shop.child.exitCode, desk.child.exitCode]).not.toContain(1);
}, 120_000);
