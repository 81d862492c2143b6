import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ShopProcess } from './support/shop-process.js';
import { soon } from './support/soon.js';
import { SteadyLoad } from './support/steady-load.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

/** `SOAK_SECONDS=600` for the full ten minutes. */
const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 60);
const REQUESTS_A_SECOND = 500;
const SAMPLE_MS = 2000;
const MEGABYTE = 1024 * 1024;

interface Footprint {
  readonly heapMb: number;
  /** In the document. */
  readonly elements: number;
  /** With those that wait to be collected, of which there are always some. */
  readonly nodes: number;
  readonly listeners: number;
}

/** The memory that remains after garbage collection. */
async function footprint(visitor: Visitor, page: TracesPage): Promise<Footprint> {
  const devtools = await visitor.devtools(page);
  await devtools.send('HeapProfiler.collectGarbage');
  await devtools.send('Performance.enable');
  const { metrics } = await devtools.send('Performance.getMetrics');
  await devtools.detach();
  const valueOf = (metric: string): number => metrics.find(({ name }) => name === metric)!.value;
  return {
    heapMb: Math.round((valueOf('JSHeapUsedSize') / MEGABYTE) * 10) / 10,
    elements: await page.tab.locator('*').count(),
    nodes: valueOf('Nodes'),
    listeners: valueOf('JSEventListeners'),
  };
}

/** How old the newest line is, milliseconds. */
async function lag(page: TracesPage): Promise<number> {
  const text = await page.lines.last().innerText();
  const [hours = 0, minutes = 0, seconds = 0] = /[\d:.]+/.exec(text)![0].split(':').map(Number);
  const midnight = new Date().setHours(0, 0, 0, 0);
  return Date.now() - midnight - ((hours * 60 + minutes) * 60 + seconds) * 1000;
}

async function droppedRequests(page: TracesPage): Promise<number> {
  const note = /^([\d,]+) requests/.exec(await page.dropped.innerText());
  return Number(note?.[1]?.replaceAll(',', ''));
}

describe(`a page that is open for ${SECONDS} s under load`, () => {
  it(
    'does not grow, does not fall behind, drops and counts',
    async () => {
      const shop = await ShopProcess.start({ SILENT: 'true' });
      const visitor = await Visitor.arrive();
      const page = await visitor.visit(shop);
      await soon(async () => expect(await page.state.innerText()).toBe('Live'));
      const load = new SteadyLoad(`${shop.url}/chatty`, REQUESTS_A_SECOND);
      try {
        const end = performance.now() + SECONDS * 1000;
        const lists = page.tab.getByRole('main');
        await soon(async () => {
          expect(await lists.innerText()).toMatch(/Requests\s+5,000\s/);
          expect(await lists.innerText()).toMatch(/Log lines\s+50,000\s/);
        }, 60_000);
        const full = await footprint(visitor, page);
        const droppedBefore = await droppedRequests(page);

        const lags: number[] = [];
        do {
          await sleep(SAMPLE_MS);
          lags.push(await lag(page));
        } while (performance.now() < end);
        const after = await footprint(visitor, page);
        const dropped = await droppedRequests(page);
        console.info(
          `${load.rate.toFixed(0)} requests a second, full ${JSON.stringify(full)}, ` +
            `after ${SECONDS} s ${JSON.stringify(after)}, ${dropped} dropped, ` +
            `behind by at most ${Math.max(...lags)} ms`,
        );

        expect(after.heapMb).toBeLessThan(full.heapMb * 1.1 + 2);
        expect(Math.abs(after.elements - full.elements)).toBeLessThan(50);
        // A list that removed no row would have 100,000 after a minute.
        expect(after.nodes).toBeLessThan(20_000);
        expect(after.listeners).toBeLessThan(1000);
        expect(await lists.innerText()).toMatch(/Requests\s+5,000\s/);
        expect(dropped).toBeGreaterThan(droppedBefore);
        expect(Math.max(...lags)).toBeLessThan(2000);
        expect(load.failures).toEqual([]);
      } finally {
        await load.stop();
      }
      await sleep(100);
      await shop.send('/quick/the-last');
      await soon(async () => expect(await page.titles()).toContain('GET /quick/the-last'), 2000);
      await page.tab.close();
      await shop.stop();
    },
    SECONDS * 1000 + 120_000,
  );
});
