import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CONTRAST, expectAccessible as expectNoFlaws } from './support/axe.js';
import { otlpSpans, sendOtlp } from './support/otlp.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'dark', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: 'at 375 px', colorScheme: 'light', viewport: { width: 375, height: 700 } },
] as const;

/** The content is the same in both themes: only its colours differ. */
function checksFor({ colorScheme }: (typeof LOOKS)[number]) {
  const rules = colorScheme === 'dark' ? CONTRAST : undefined;
  return (page: TracesPage): Promise<void> => expectNoFlaws(page, rules);
}

/** A page on which everything is that there can be: sessions, levels, statuses, services, drops. */
async function visitShop(look: (typeof LOOKS)[number]) {
  const shop = await startShop({ limits: { linesPerSecond: 4 } });
  const visitor = await Visitor.arrive({ ...look, reducedMotion: 'reduce' });
  const page = await visitor.visit(shop);
  for (let n = 0; n < 12; n++) await shop.send('/quick/Somebody', as(`s${n}-session`));
  await Promise.all([
    shop.send('/pay/Alice', as(ALICE, 'req-001')),
    shop.send('/fail', as(BOB)),
    shop.send('/nowhere', as(BOB)),
    sendOtlp(shop, 'traces', otlpSpans('stock', [{ name: 'GET /shelf', durationMs: 900 }])),
  ]);
  const running = shop.send('/wait', as(BOB));
  await soon(async () => expect(await page.session(/./).count()).toBe(14));
  await page.dropped.waitFor();
  return { shop, page, end: () => shop.send('/go-on').then(() => running) };
}

describe.each(LOOKS)('axe finds nothing, $name,', (look) => {
  const expectAccessible = checksFor(look);

  it('in the lists, the filters, the detail, its spans and lines, the help', async () => {
    const { page, end } = await visitShop(look);
    const isNarrow = look.viewport.width < 800;
    await expectAccessible(page);
    if (isNarrow) {
      await page.tab.getByRole('button', { name: /^Log lines/ }).click();
      await expectAccessible(page);
      await page.view('Requests').click();
      await page.button('Filters').click();
    }
    await page.search.fill('quick');
    await page.filter('Status').selectOption('2xx');
    await soon(async () => expect(await page.tab.locator('mark').count()).toBeGreaterThan(3));
    await expectAccessible(page);
    await page.search.fill('nothing has this');
    await page.tab.getByText('No request matches.').waitFor();
    await expectAccessible(page);
    await page.button('Clear filters').click();

    await page.request('GET /fail').click();
    await page.detail.titled('GET /fail').waitFor();
    await expectAccessible(page);
    await page.detail.close.click();
    await page.request('GET /pay/Alice').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    await page.detail.span('charge').getByRole('button', { name: 'charge' }).click();
    for (const line of await page.detail.lines.all())
      await line.getByRole('button').first().click();
    await expectAccessible(page);
    await page.detail.close.click();
    await page.request('GET /wait').click();
    await page.detail.titled('GET /wait').waitFor();
    await expectAccessible(page);
    await page.detail.close.click();

    await page.button('Keyboard shortcuts').click();
    await page.help.waitFor();
    await expectAccessible(page);
    await page.tab.keyboard.press('Escape');
    await page.button('Pause').click();
    await end();
    await page.tab.getByText(/records wait/).waitFor();
    await expectAccessible(page);
  });

  it('in the views of traces, routes and errors, and where a search cannot be used', async () => {
    const shop = await startShop();
    const visitor = await Visitor.arrive({ ...look, reducedMotion: 'reduce' });
    const page = await visitor.visit(shop);
    await Promise.all([shop.send('/quick/Alice', as(ALICE)), shop.send('/fail', as(BOB))]);
    await soon(async () => expect(await page.titles()).toHaveLength(2));
    for (const view of ['Traces', 'Routes', 'Errors'] as const) {
      await page.view(view).click();
      await page.tab.getByRole('region', { name: view }).waitFor();
      if (view === 'Traces')
        await page.tab
          .getByRole('button', { name: /^Requests of/ })
          .first()
          .click();
      if (view === 'Routes') await page.button('Requests').last().click();
      // What is not pointed at would be dimmed.
      await page.search.hover();
      await expectAccessible(page);
    }
    await page.view('Requests').click();
    await page.search.fill('/(a+)+/');
    await page.tab.getByText('may take very long').waitFor();
    await expectAccessible(page);
  });

  it('in the empty page, in a link that leads nowhere, in an exported page', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'axe-export-'));
    try {
      const shop = await startShop();
      const visitor = await Visitor.arrive({ ...look, reducedMotion: 'reduce' });
      const page = await visitor.visit(shop);
      await page.tab.getByText('Waiting for the first request.').waitFor();
      await page.button('Clear').click();
      await expectAccessible(page);
      await page.tab.goto(`${shop.url}/_traces/#request=0123456789abcdef`);
      await page.tab.getByRole('heading', { name: 'This request is no longer kept' }).waitFor();
      await expectAccessible(page);
      await page.tab.keyboard.press('Escape');

      await shop.send('/pay/Alice', as(ALICE, 'req-001'));
      await soon(async () => expect(await page.titles()).toHaveLength(1));
      const download = page.tab.waitForEvent('download');
      await page.button('Export').click();
      const path = join(folder, 'export.html');
      await (await download).saveAs(path);
      const copy = await visitor.open(pathToFileURL(path).href);
      await soon(async () => expect(await copy.titles()).toHaveLength(1));
      await expectAccessible(copy);
      await copy.request('GET /pay/Alice').click();
      await copy.detail.titled('GET /pay/Alice').waitFor();
      await expectAccessible(copy);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
