import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { newTraceId, otlpLogs, otlpSpans, sendOtlp } from './support/otlp.js';
import { ALICE, as, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';
import type { TraceViewerOptions } from 'nestjs-tracing/viewer';

async function visitShop(viewer?: TraceViewerOptions) {
  const shop = await startShop(viewer);
  const visitor = await Visitor.arrive();
  const page = await visitor.visit(shop);
  await soon(async () => expect(await page.state.innerText()).toBe('Live'));
  return { shop, visitor, page };
}

/** Requests of another service, with a line each: `request 1`, `line 1`, … */
async function sendMany(shop: { url: string }, from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const begun = Date.now();
  const spans = numbers.map((n) => ({
    name: `GET /item/${n}`,
    traceId: newTraceId(),
    startedAt: begun + n / 1000,
    attributes: { 'http.request.method': 'GET', 'url.path': `/item/${n}` },
  }));
  const logs = spans.map(({ traceId }, index) => ({
    text: `line ${numbers[index]}`,
    traceId,
    time: begun + numbers[index]! / 1000,
  }));
  await sendOtlp(shop, 'traces', otlpSpans('stock', spans));
  await sendOtlp(shop, 'logs', otlpLogs('stock', logs));
}

async function isInView(page: TracesPage, title: string): Promise<boolean> {
  const { target } = page.request(title);
  if ((await target.count()) === 0) return false;
  const box = (await target.boundingBox())!;
  const list = (await page.tab.getByRole('region', { name: 'Requests' }).boundingBox())!;
  return box.y >= list.y && box.y + box.height <= list.y + list.height;
}

describe('pause', () => {
  it('stops the page, counts what waits, and shows it all afterwards', async () => {
    const { shop, page } = await visitShop();
    await shop.send('/quick/Alice');
    await soon(async () => expect(await page.requestLines()).toHaveLength(2));
    await page.button('Pause').click();
    await soon(async () => expect(await page.state.innerText()).toBe('Paused'));
    await shop.send('/quick/Bob');
    // Two records of the request, and two lines.
    await page.tab.getByText('4 records wait').waitFor();
    expect(await page.titles()).toEqual(['GET /quick/Alice']);
    expect(await page.requestLines()).toHaveLength(2);
    await page.button('Resume').click();
    await soon(async () => expect(await page.requestLines()).toHaveLength(4));
    expect(await page.titles()).toEqual(['GET /quick/Alice', 'GET /quick/Bob']);
    expect(await page.state.innerText()).toBe('Live');
  });
});

describe('follow', () => {
  it('keeps the end in view, until the user scrolls up, and again when asked', async () => {
    const { shop, page } = await visitShop();
    const follow = page.button('Follow');
    expect(await follow.getAttribute('aria-pressed')).toBe('true');
    await sendMany(shop, 1, 60);
    await soon(async () => expect(await isInView(page, 'GET /item/60')).toBe(true));

    const list = (await page.tab.getByRole('list', { name: 'Requests' }).boundingBox())!;
    await page.tab.mouse.move(list.x + 100, 400);
    await page.tab.mouse.wheel(0, -800);
    await soon(async () => expect(await follow.getAttribute('aria-pressed')).toBe('false'));
    await page.search.hover();
    await soon(async () => expect(await isInView(page, 'GET /item/60')).toBe(false));
    const seen = await page.titles();
    await sendMany(shop, 61, 90);
    await soon(async () =>
      expect(await page.tab.getByRole('region', { name: 'Requests' }).innerText()).toMatch(
        /^Requests\s+90\s/,
      ),
    );
    expect(await page.titles()).toEqual(seen);

    await follow.click();
    await soon(async () => expect(await isInView(page, 'GET /item/90')).toBe(true));
    await sendMany(shop, 91, 120);
    await soon(async () => expect(await isInView(page, 'GET /item/120')).toBe(true));
    await soon(async () => expect(await page.line('line 120').item.count()).toBe(1));
  });

  it('lets a list rest while the user points at it', async () => {
    const { shop, page } = await visitShop();
    await sendMany(shop, 1, 60);
    await soon(async () => expect(await isInView(page, 'GET /item/60')).toBe(true));
    await page.request('GET /item/58').hover();
    await sendMany(shop, 61, 90);
    await sleep(500);
    expect(await isInView(page, 'GET /item/58')).toBe(true);
    expect(await isInView(page, 'GET /item/90')).toBe(false);
    await page.search.hover();
    await soon(async () => expect(await isInView(page, 'GET /item/90')).toBe(true));
  });
});

describe('clear', () => {
  it('forgets everything, and goes on', async () => {
    const { shop, page } = await visitShop();
    await shop.send('/quick/Alice', as(ALICE));
    await soon(async () => expect(await page.requestLines()).toHaveLength(2));
    await page.button('Clear').click();
    await page.tab.getByText('Waiting for the first request.').waitFor();
    expect(await page.lines.count()).toBe(0);
    expect(await page.session('alice-se').count()).toBe(0);
    await shop.send('/quick/Bob');
    await soon(async () => expect(await page.titles()).toEqual(['GET /quick/Bob']));
    await soon(async () => expect(await page.lines.count()).toBe(2));
  });
});

describe('what is dropped', () => {
  it('by the server is counted, together with its lines', async () => {
    const { shop, page } = await visitShop({ limits: { requestsPerSecond: 1 } });
    expect(await page.dropped.count()).toBe(0);
    for (let n = 0; n < 20; n++) await shop.send('/quick/Alice');
    await soon(async () => {
      const note = /^(\d+) requests, (\d+) lines dropped$/.exec(await page.dropped.innerText())!;
      const kept = (await page.titles()).length;
      expect(kept).toBeGreaterThanOrEqual(5);
      expect(kept).toBeLessThan(15);
      expect(Number(note[1])).toBe(20 - kept);
      expect(Number(note[2])).toBe(2 * (20 - kept));
    });
    await page.button('Clear').click();
    await soon(async () => expect(await page.dropped.count()).toBe(0));
  });

  it('as lines alone is counted as well', async () => {
    const { shop, page } = await visitShop({ limits: { linesPerSecond: 1 } });
    for (let n = 0; n < 10; n++) await shop.send('/quick/Alice');
    await soon(async () => expect(await page.titles()).toHaveLength(10));
    await soon(async () => {
      const note = /^(\d+) lines dropped$/.exec(await page.dropped.innerText())!;
      // Nest has written seven at the start, which use up the rate.
      const shown = (await page.requestLines()).length;
      expect(shown + Number(note[1])).toBeGreaterThanOrEqual(20);
      expect(Number(note[1])).toBeGreaterThan(10);
    });
  });
});
