import { describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { backdropOf, colorOf, movingElements } from './support/in-page.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const PHONE = { viewport: { width: 375, height: 667 }, hasTouch: true, isMobile: true };

async function visitShop(look: Parameters<typeof Visitor.arrive>[0]) {
  const shop = await startShop();
  const page = await (await Visitor.arrive(look)).visit(shop);
  await shop.send('/pay/Alice', as(ALICE, 'req-001'));
  await shop.send('/fail', as(BOB, `req-${'2'.repeat(100)}`));
  await shop.send(`/quick/${'long'.repeat(100)}`, as(BOB, 'req-003'));
  await soon(async () => expect(await page.titles()).toHaveLength(3));
  return { shop, page };
}

/** Nothing is beside the window, and all that can be pressed or typed in can be reached. */
async function expectToFit(page: TracesPage): Promise<void> {
  expect(await page.sidewaysScroll()).toBe(0);
  const { width } = page.tab.viewportSize()!;
  for (const role of ['button', 'link', 'combobox', 'searchbox', 'spinbutton'] as const) {
    for (const control of await page.tab.getByRole(role).all()) await expectInside(control, width);
  }
}

async function expectInside(control: Locator, width: number): Promise<void> {
  await control.scrollIntoViewIfNeeded();
  // A path that is too long is cut off within its card.
  const card = control.locator('xpath=ancestor::li');
  const box = (await ((await card.count()) === 1 ? card : control).boundingBox())!;
  const what = `${await control.innerText()} ${await control.getAttribute('aria-label')}`;
  expect({ what, left: box.x >= 0, right: box.x + box.width <= width + 0.5 }).toEqual({
    what,
    left: true,
    right: true,
  });
  // Nothing else is on top of it.
  await control.click({ trial: true });
}

describe('at 375 pixels', () => {
  it('nothing is cut off or beside the window, and everything can be reached', async () => {
    const { page } = await visitShop(PHONE);
    await expectToFit(page);
    await page.button('Filters').click();
    await page.filter('Status').selectOption('2xx');
    await soon(async () => expect(await page.titles()).toHaveLength(2));
    await expectToFit(page);
    await page.button('Clear filters').click();
    await page.button('Filters').click();

    for (const view of ['Traces', 'Routes', 'Errors'] as const) {
      await page.view(view).click();
      await page.tab.getByRole('region', { name: view }).waitFor();
      await expectToFit(page);
    }
    await page.tab.getByRole('button', { name: /^Log lines/ }).click();
    await soon(async () => expect(await page.line('Gateway slow').item.isVisible()).toBe(true));
    expect(await page.requests.first().isVisible()).toBe(false);
    await expectToFit(page);

    await page.line('Gateway slow').item.tap();
    await page.detail.titled('GET /pay/Alice').waitFor();
    await expectToFit(page);
    await page.detail.close.tap();
    await page.view('Requests').click();
    await page.request('GET /fail').item.tap();
    await page.detail.titled('GET /fail').waitFor();
    for (const line of await page.detail.lines.all())
      await line.getByRole('button').first().click();
    await expectToFit(page);
    await page.detail.close.tap();
    await page.detail.body.waitFor({ state: 'detached' });

    await page.button('Keyboard shortcuts').tap();
    await page.help.waitFor();
    expect(await page.sidewaysScroll()).toBe(0);
    await expectInside(page.help.getByRole('button', { name: 'Close' }), 375);
  });

  it('says as much of a request as a wide window: its path, its ids, how it ended', async () => {
    const { page } = await visitShop(PHONE);
    const card = page.request('GET /pay/Alice');
    for (const part of ['GET', '/pay/Alice', 'alice-se', 'req-001', '200', 'completed']) {
      expect(await card.item.getByText(part).first().isVisible()).toBe(true);
    }
    expect(await card.text()).toMatch(/ \d+ ms /);
  });

  it('turns into the wide page with the window, and back', async () => {
    const { page } = await visitShop({ viewport: PHONE.viewport });
    expect(await page.lines.count()).toBe(0);
    await page.tab.setViewportSize({ width: 1280, height: 800 });
    await soon(async () => expect(await page.line('Gateway slow').item.isVisible()).toBe(true));
    expect(await page.requests.first().isVisible()).toBe(true);
    await page.tab.setViewportSize(PHONE.viewport);
    await soon(async () => expect(await page.lines.count()).toBe(0));
    expect(await page.sidewaysScroll()).toBe(0);
  });
});

describe('at any width', () => {
  it('the page has no sideways scroll', async () => {
    const { page } = await visitShop({});
    const widths = [320, 375, 600, 800, 801, 1000, 1920];
    for (const isOpen of [false, true]) {
      if (isOpen) await page.request('GET /pay/Alice').click();
      for (const width of widths) {
        await page.tab.setViewportSize({ width, height: 600 });
        expect([width, isOpen, await page.sidewaysScroll()]).toEqual([width, isOpen, 0]);
      }
    }
    await page.detail.titled('GET /pay/Alice').waitFor();
  });
});

describe('the theme', () => {
  it('is that of the system, and changes with it', async () => {
    const { page } = await visitShop({ colorScheme: 'light' });
    const look = async (): Promise<[number, number]> => {
      const title = page.request('GET /pay/Alice').target;
      return [
        brightness(await title.evaluate(backdropOf)),
        brightness(await title.evaluate(colorOf)),
      ];
    };
    const [surface, text] = await look();
    expect(surface).toBeGreaterThan(0.9);
    expect(text).toBeLessThan(0.3);
    await page.tab.emulateMedia({ colorScheme: 'dark' });
    await soon(async () => expect((await look())[0]).toBeLessThan(0.2));
    expect((await look())[1]).toBeGreaterThan(0.7);
    // The log is dark in both, as a terminal is.
    expect(brightness(await page.line('Gateway slow').backdrop())).toBeLessThan(0.2);
  });
});

describe('who wants no motion', () => {
  it('sees none', async () => {
    const { page } = await visitShop({ reducedMotion: 'no-preference' });
    expect(await page.tab.evaluate(movingElements)).toBeGreaterThan(0);
    await page.tab.emulateMedia({ reducedMotion: 'reduce' });
    expect(await page.tab.evaluate(movingElements)).toBe(0);
    await page.request('GET /pay/Alice').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    expect(await page.tab.evaluate(movingElements)).toBe(0);
  });
});

/** Of `rgb(…)`, from 0 to 1. */
function brightness(color: string): number {
  const [red = 0, green = 0, blue = 0] = color.match(/[\d.]+/g)!.map(Number);
  return (red + green + blue) / (3 * 255);
}
