import { describe, expect, it } from '@jest/globals';
import { otlpSpans, sendOtlp } from './support/otlp.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

async function visitShop() {
  const shop = await startShop();
  const visitor = await Visitor.arrive();
  const page = await visitor.visit(shop);
  await shop.send('/quick/Alice', as(ALICE, 'req-001'));
  await shop.send('/quick/Bob', as(BOB, 'req-002'));
  await soon(async () => expect(await page.titles()).toHaveLength(2));
  return { shop, visitor, page };
}

function address({ tab }: TracesPage): string {
  return new URL(tab.url()).hash;
}

describe('the link to a request', () => {
  it('opens it in another tab, and in a window of its own', async () => {
    const { shop, visitor, page } = await visitShop();
    await page.request('GET /quick/Bob').click();
    await page.detail.titled('GET /quick/Bob').waitFor();
    const [, bob] = await shop.sink.finishes(2);
    expect(address(page)).toBe(`#request=${bob!.span_id}`);

    const again = await visitor.open(page.tab.url());
    await again.detail.titled('GET /quick/Bob').waitFor();
    expect(await again.detail.fact('request id').innerText()).toContain('req-002');
    expect(await again.request('GET /quick/Bob').target.getAttribute('aria-current')).toBe('true');
  });

  it('is that of the card: a middle click opens a tab', async () => {
    const { visitor, page } = await visitShop();
    const opened = visitor.context.waitForEvent('page');
    await page.request('GET /quick/Bob').target.click({ button: 'middle' });
    const tab = await opened;
    await tab.getByRole('region', { name: 'GET /quick/Bob' }).waitFor();
    expect(await page.detail.body.count()).toBe(0);
  });

  it('works back and forward', async () => {
    const { page } = await visitShop();
    await page.request('GET /quick/Alice').click();
    await page.detail.titled('GET /quick/Alice').waitFor();
    await page.request('GET /quick/Bob').click();
    await page.detail.titled('GET /quick/Bob').waitFor();
    await page.tab.goBack();
    await page.detail.titled('GET /quick/Alice').waitFor();
    await page.tab.goBack();
    await page.detail.body.waitFor({ state: 'detached' });
    await page.tab.goForward();
    await page.detail.titled('GET /quick/Alice').waitFor();
    expect(await page.detail.fact('request id').innerText()).toContain('req-001');
  });

  it('stays the same when the page is loaded again', async () => {
    const { page } = await visitShop();
    await page.request('GET /quick/Alice').click();
    await page.detail.titled('GET /quick/Alice').waitFor();
    await page.tab.reload();
    await page.detail.titled('GET /quick/Alice').waitFor();
    expect(await page.detail.fact('request id').innerText()).toContain('req-001');
  });

  it('opens a request that begins later', async () => {
    const { shop, visitor } = await visitShop();
    const spanId = '00f067aa0ba902b7';
    const page = await visitor.open(`${shop.url}/_traces/#request=${spanId}`);
    await page.tab.getByRole('heading', { name: 'This request is no longer kept' }).waitFor();
    const attributes = { 'http.request.method': 'GET', 'url.path': '/late' };
    const late = otlpSpans('other', [{ name: 'GET /late', spanId, attributes }]);
    await sendOtlp(shop, 'traces', late);
    await page.detail.titled('GET /late').waitFor();
    expect(await page.detail.fact('span id').innerText()).toContain(spanId);
  });

  it.each(['0123456789abcdef', '<img src=x onerror=alert(1)>'])(
    'to one that is not known, %s, says so',
    async (spanId) => {
      const { shop, visitor } = await visitShop();
      const hash = new URLSearchParams({ request: spanId }).toString();
      const page = await visitor.open(`${shop.url}/_traces/#${hash}`);
      await page.tab.getByRole('heading', { name: 'This request is no longer kept' }).waitFor();
      expect(await page.detail.body.innerText()).toContain(spanId);
      // The lists are still there, and it is closed as any other.
      expect(await page.titles()).toHaveLength(2);
      await page.tab.keyboard.press('Escape');
      await page.detail.body.waitFor({ state: 'detached' });
      expect(address(page)).toBe('');
    },
  );
});
