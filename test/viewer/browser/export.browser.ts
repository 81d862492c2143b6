import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Locator } from 'playwright-core';
import { exportPage } from '../../../src/viewer/export-page.js';
import { otlpLogs, sendOtlp } from './support/otlp.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'exported-page-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function visitShop() {
  const shop = await startShop();
  const visitor = await Visitor.arrive();
  const page = await visitor.visit(shop);
  await Promise.all([
    shop.send('/pay/Alice', as(ALICE, 'req-001')),
    shop.send('/profile/Bob', as(BOB, 'req-002')),
  ]);
  await soon(async () => expect(await page.requestLines()).toHaveLength(8));
  return { shop, visitor, page };
}

/** Presses the button, and keeps the file that the browser is given. */
async function download(page: TracesPage, button: Locator): Promise<string> {
  const started = page.tab.waitForEvent('download');
  await button.click();
  const file = await started;
  const path = join(folder, file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

/** Opens a file as its receiver does: without any network. */
async function openFile(path: string): Promise<{ visitor: Visitor; page: TracesPage }> {
  const visitor = await Visitor.arrive();
  const url = pathToFileURL(path).href;
  await visitor.context.route(
    (asked) => asked.href !== url,
    (route) => route.abort(),
  );
  const page = await visitor.open(url);
  return { visitor, page };
}

describe('the export', () => {
  it('of everything shown is one file, which shows the same without a server', async () => {
    const { shop, page } = await visitShop();
    const path = await download(page, page.button('Export'));
    expect(path).toMatch(/traces-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.html$/);
    const live = { titles: await page.titles(), lines: await page.requestLines() };
    const cards = await page.requests.allInnerTexts();
    await page.tab.close();
    await shop.app.close();

    const { visitor, page: copy } = await openFile(path);
    await soon(async () => expect(await copy.titles()).toEqual(live.titles));
    expect(await copy.requestLines()).toEqual(live.lines);
    expect(await copy.requests.allInnerTexts()).toEqual(cards);
    expect(await copy.tab.title()).toBe('Traces · shop');
    expect(await copy.tab.getByRole('banner').innerText()).toMatch(/Exported/);
    for (const name of ['Pause', 'Clear', 'Follow', 'Export']) {
      expect(await copy.button(name).count()).toBe(0);
    }

    await copy.request('GET /pay/Alice').hover();
    await soon(async () => {
      expect(await copy.line('Gateway slow').isDim()).toBe(false);
      expect(await copy.line('Loading profile').isDim()).toBe(true);
    });
    await copy.search.fill('profile');
    await soon(async () => expect(await copy.titles()).toEqual(['GET /profile/Bob']));
    await copy.search.fill('');
    await copy.request('GET /pay/Alice').click();
    await copy.detail.titled('GET /pay/Alice').waitFor();
    expect(await copy.detail.lines.count()).toBe(5);
    expect(await copy.detail.spans.count()).toBe(3);
    expect(visitor.requests.filter((url) => !url.startsWith('data:'))).toEqual([
      pathToFileURL(path).href,
    ]);
  });

  it('has only what the search and the filters let through', async () => {
    const { page } = await visitShop();
    await page.filter('Session').selectOption(BOB);
    await soon(async () => expect(await page.titles()).toEqual(['GET /profile/Bob']));
    await soon(async () => expect(await page.requestLines()).toHaveLength(3));
    const path = await download(page, page.button('Export'));
    const { page: copy } = await openFile(path);
    await soon(async () => expect(await copy.titles()).toEqual(['GET /profile/Bob']));
    expect(await copy.lines.count()).toBe(3);
    expect(await readFile(path, 'utf8')).not.toContain('Gateway slow');
  });

  it('of one request has it alone, with its waterfall and its lines', async () => {
    const { shop, page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    const path = await download(page, page.button('Export this request'));
    const finish = (await shop.sink.finishes(2)).find((line) => line.request_id === 'req-001')!;
    expect(path).toMatch(new RegExp(`request-${finish.span_id}\\.html$`));
    const { page: copy } = await openFile(path);
    await soon(async () => expect(await copy.titles()).toEqual(['GET /pay/Alice']));
    expect(await copy.lines.count()).toBe(5);
    expect(await readFile(path, 'utf8')).not.toContain('Loading profile');
    await copy.request('GET /pay/Alice').click();
    await copy.detail.titled('GET /pay/Alice').waitFor();
    expect(await copy.detail.spans.allInnerTexts()).toEqual([
      expect.stringContaining('GET /pay/Alice'),
      expect.stringContaining('validate'),
      expect.stringContaining('charge'),
    ]);
  });

  it('survives what looks like its own markup', async () => {
    const { shop, page } = await visitShop();
    const text =
      '</script><script>alert(1)</script><!--<script> $& $\' $` id="records">null</script>';
    await sendOtlp(shop, 'logs', otlpLogs('shop', [{ text }]));
    await page.showOutside();
    await soon(async () => expect(await page.line('</script>').item.count()).toBe(1));
    const path = await download(page, page.button('Export'));
    const { page: copy } = await openFile(path);
    await copy.showOutside();
    await soon(async () => expect(await copy.line('</script>').text()).toContain(text));
    expect(await copy.titles()).toHaveLength(2);
  });

  it('that nothing was exported into says so', async () => {
    const [script, style] = await Promise.all(
      ['page.js', 'page.css'].map((name) => readFile(join('dist/viewer-page', name), 'utf8')),
    );
    const path = join(folder, 'empty.html');
    await writeFile(path, exportPage(script!, style!));
    const { page } = await openFile(path);
    await page.tab.getByText('This file contains no records').waitFor();
    await page.tab.getByText('There are no requests in this file.').waitFor();
    expect(await page.requests.count()).toBe(0);
  });

  it('shows the reason when it fails', async () => {
    const { visitor, page } = await visitShop();
    visitor.forgive(/status of 500/);
    await page.tab.route('**/export.html', (route) => route.fulfill({ status: 500 }));
    await page.button('Export').click();
    const alert = page.tab.getByRole('alert');
    await soon(async () => expect(await alert.innerText()).toMatch(/The export failed: .*500/));
  });
});
