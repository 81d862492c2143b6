import { describe, expect, it } from '@jest/globals';
import { otlpLogs, otlpSpans, sendOtlp } from './support/otlp.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';
import type { TracedApp } from '../../support/traced-app.js';

const PAY = 'GET /pay/Alice';
const PROFILE = 'GET /profile/Bob';
const FAIL = 'GET /fail';
const NOWHERE = 'GET /nowhere';

/** Four requests of two people, one of which fails. */
async function visitShop(): Promise<{ shop: TracedApp; page: TracesPage }> {
  const shop = await startShop();
  const page = await (await Visitor.arrive()).visit(shop);
  await shop.send('/pay/Alice', as(ALICE, 'req-001'));
  await shop.send('/profile/Bob', as(BOB, 'req-002'));
  await shop.send('/fail', as(BOB, 'req-003'));
  await shop.send('/nowhere', as(ALICE, 'req-004'));
  await soon(async () => expect(await page.requestLines()).toHaveLength(11));
  return { shop, page };
}

async function expectRequests(page: TracesPage, titles: readonly string[]): Promise<void> {
  await soon(async () => expect(await page.titles()).toEqual(titles));
}

async function expectLines(page: TracesPage, parts: readonly string[]): Promise<void> {
  await soon(async () =>
    expect(await page.requestLines()).toEqual(parts.map((part) => expect.stringContaining(part))),
  );
}

describe('the search', () => {
  it('finds requests and their lines by any id, any text, and the path', async () => {
    const { shop, page } = await visitShop();
    const failed = shop.sink.linesOf('It broke')[0]!;
    const bobs = ['Loading profile', 'Profile retrieved', 'Request finished'];

    await page.search.fill('req-002');
    await expectRequests(page, [PROFILE]);
    await expectLines(page, bobs);

    await page.search.fill(failed.trace_id);
    await expectRequests(page, [FAIL]);
    await expectLines(page, ['It broke', 'Request finished']);

    await page.search.fill(BOB.toUpperCase());
    await expectRequests(page, [PROFILE, FAIL]);
    await expectLines(page, [...bobs, 'It broke', 'Request finished']);

    await page.search.fill(failed.span_id);
    await expectRequests(page, [FAIL]);

    await page.search.fill('  gateway SLOW ');
    await expectRequests(page, [PAY]);
    await expectLines(page, ['Gateway slow']);

    await page.search.fill('latency_ms=80');
    await expectLines(page, ['Gateway slow']);

    await page.search.fill('card expired');
    await expectRequests(page, [FAIL]);
    await expectLines(page, ['It broke']);

    await page.search.fill('/pay/');
    await expectRequests(page, [PAY]);

    await page.search.fill('nothing has this');
    await page.tab.getByText('No request matches.').waitFor();
    await page.tab.getByText('No line matches.').waitFor();
    expect(await page.requests.count()).toBe(0);
  });

  it('marks what it found, takes nothing for a pattern, and is cleared', async () => {
    const { page } = await visitShop();
    await page.search.fill('profile');
    await expectRequests(page, [PROFILE]);
    expect(await page.tab.locator('mark').allInnerTexts()).toEqual(
      expect.arrayContaining(['profile', 'Profile']),
    );
    await page.search.fill('.*');
    await expectRequests(page, []);
    await page.search.fill('(?:quick|profile)');
    await expectRequests(page, []);
    await page.button('Clear filters').click();
    await expectRequests(page, [PAY, PROFILE, FAIL, NOWHERE]);
    expect(await page.search.inputValue()).toBe('');
    await soon(async () => expect(await page.requestLines()).toHaveLength(11));
  });

  it('finds what arrives later', async () => {
    const { shop, page } = await visitShop();
    await page.search.fill('Quick for');
    await expectRequests(page, []);
    await shop.send('/quick/Alice');
    await expectRequests(page, ['GET /quick/Alice']);
    await expectLines(page, ['Quick for Alice']);
    expect(await page.lines.count()).toBe(1);
  });
});

describe('the filters', () => {
  it('ask for a level and more severe ones', async () => {
    const { page } = await visitShop();
    await page.filter('Level').selectOption('error');
    await expectRequests(page, [FAIL]);
    await expectLines(page, ['It broke', 'Request finished']);
    await page.filter('Level').selectOption('warn');
    await expectRequests(page, [PAY, FAIL, NOWHERE]);
    await expectLines(page, ['Gateway slow', 'It broke', 'Request finished', 'Request finished']);
    await page.filter('Level').selectOption('');
    await expectRequests(page, [PAY, PROFILE, FAIL, NOWHERE]);
    expect(await page.requestLines()).toHaveLength(11);
  });

  it('ask for a session, by name and in the legend', async () => {
    const { page } = await visitShop();
    await page.filter('Session').selectOption(BOB);
    await expectRequests(page, [PROFILE, FAIL]);
    await soon(async () => expect(await page.requestLines()).toHaveLength(5));
    await page.session('alice-se').click();
    await expectRequests(page, [PAY, NOWHERE]);
    expect(await page.filter('Session').inputValue()).toBe(ALICE);
    await page.session('alice-se').click();
    await expectRequests(page, [PAY, PROFILE, FAIL, NOWHERE]);
  });

  it('ask for a status', async () => {
    const { shop, page } = await visitShop();
    const status = page.filter('Status');
    await status.selectOption('2xx');
    await expectRequests(page, [PAY, PROFILE]);
    await status.selectOption('4xx');
    await expectRequests(page, [NOWHERE]);
    await expectLines(page, ['status_code=404']);
    await status.selectOption('5xx');
    await expectRequests(page, [FAIL]);
    await status.selectOption('3xx');
    await expectRequests(page, []);

    await status.selectOption('running');
    const leaving = new AbortController();
    const waits = shop.send('/wait', { signal: leaving.signal }).catch(() => {});
    await expectRequests(page, ['GET /wait']);
    await status.selectOption('aborted');
    await expectRequests(page, []);
    leaving.abort();
    await waits;
    await expectRequests(page, ['GET /wait']);
    expect(await page.request('GET /wait').text()).toMatch(/aborted$/);
  });

  it('ask for what took longer', async () => {
    const { page } = await visitShop();
    await page.slowerThan.fill('120');
    await expectRequests(page, [PAY]);
    await soon(async () => expect(await page.requestLines()).toHaveLength(5));
    await page.slowerThan.fill('100000');
    await expectRequests(page, []);
  });

  it('ask for a service, when there are several', async () => {
    const { shop, page } = await visitShop();
    expect(await page.filter('Service').count()).toBe(0);
    await sendOtlp(shop, 'traces', otlpSpans('stock', [{ name: 'GET /shelf' }]));
    await sendOtlp(shop, 'logs', otlpLogs('stock', [{ text: 'Shelf is empty' }]));
    await page.filter('Service').selectOption('stock');
    await soon(async () => expect(await page.titles()).toHaveLength(1));
    await soon(async () =>
      expect(await page.lines.allInnerTexts()).toEqual([expect.stringContaining('Shelf is empty')]),
    );
    await page.filter('Service').selectOption('shop');
    await expectRequests(page, [PAY, PROFILE, FAIL, NOWHERE]);
  });

  it('are combined with each other and with the search, and cleared at once', async () => {
    const { page } = await visitShop();
    await page.filter('Session').selectOption(BOB);
    await page.filter('Status').selectOption('5xx');
    await expectRequests(page, [FAIL]);
    await page.search.fill('broke');
    await expectLines(page, ['It broke']);
    await page.filter('Status').selectOption('2xx');
    await expectRequests(page, []);
    await page.search.fill('');
    await expectRequests(page, [PROFILE]);
    await page.button('Clear filters').click();
    await expectRequests(page, [PAY, PROFILE, FAIL, NOWHERE]);
    expect(await page.filter('Session').inputValue()).toBe('');
    expect(await page.button('Clear filters').count()).toBe(0);
  });
});
