import { describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { ALICE, as, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import { Visitor } from './support/visitor.js';
import type { TracesPage } from './support/traces-page.js';

const NAMES = ['Alice', 'Bob', 'Carol'];
const titleOf = (name: string): string => `GET /quick/${name}`;

async function visitShop() {
  const shop = await startShop();
  const page = await (await Visitor.arrive()).visit(shop);
  for (const [index, name] of NAMES.entries()) {
    await shop.send(`/quick/${name}`, as(ALICE, `req-00${index + 1}`));
  }
  await soon(async () => expect(await page.titles()).toEqual(NAMES.map(titleOf)));
  await soon(async () => expect(await page.requestLines()).toHaveLength(6));
  const press = (...keys: string[]): Promise<void> => pressAll(page, keys);
  return { shop, page, press };
}

async function pressAll({ tab }: TracesPage, keys: readonly string[]): Promise<void> {
  for (const key of keys) await tab.keyboard.press(key);
}

async function expectFocus(target: Locator): Promise<void> {
  await soon(async () => expect(await target.evaluate(hasFocus)).toBe(true));
}

declare const document: { readonly activeElement: unknown };
const hasFocus = (element: unknown): boolean => element === document.activeElement;

describe('the keyboard', () => {
  it('/ goes to the search, in which letters are letters, and Esc clears it and moves the focus away', async () => {
    const { page, press } = await visitShop();
    await press('/');
    await expectFocus(page.search);
    await page.tab.keyboard.type('jk/p?bob');
    expect(await page.search.inputValue()).toBe('jk/p?bob');
    expect(await page.state.innerText()).toBe('Live');
    expect(await page.help.count()).toBe(0);
    await press('Escape');
    await soon(async () => expect(await page.search.inputValue()).toBe(''));
    await soon(async () => expect(await page.titles()).toHaveLength(3));
    expect(await page.search.evaluate(hasFocus)).toBe(false);
    // The text that was typed before is selected.
    await page.search.fill('alice');
    await page.search.blur();
    await press('/');
    await page.tab.keyboard.type('carol');
    expect(await page.search.inputValue()).toBe('carol');
  });

  it('j and k go from request to request, and stop at the ends; Enter opens one', async () => {
    const { page, press } = await visitShop();
    await press('j');
    await expectFocus(page.request(titleOf('Alice')).target);
    // Its lines are highlighted without a pointer as well.
    await soon(async () => expect(await page.line('Quick for Bob').isDim()).toBe(true));
    expect(await page.line('Quick for Alice').isDim()).toBe(false);
    await press('j', 'j', 'j', 'j');
    await expectFocus(page.request(titleOf('Carol')).target);
    await press('k');
    await expectFocus(page.request(titleOf('Bob')).target);
    await press('k', 'k', 'k');
    await expectFocus(page.request(titleOf('Alice')).target);
    await press('j', 'Enter');
    await page.detail.titled(titleOf('Bob')).waitFor();
  });

  it('j and k go on from the request that is open, and Esc gives the focus back', async () => {
    const { page, press } = await visitShop();
    await press('j', 'Enter');
    await page.detail.titled(titleOf('Alice')).waitFor();
    await expectFocus(page.tab.getByRole('heading', { name: titleOf('Alice') }));
    await press('j');
    await page.detail.titled(titleOf('Bob')).waitFor();
    await expectFocus(page.tab.getByRole('heading', { name: titleOf('Bob') }));
    await press('j', 'j', 'j');
    await page.detail.titled(titleOf('Carol')).waitFor();
    await press('k');
    await page.detail.titled(titleOf('Bob')).waitFor();
    await press('Escape');
    await page.detail.body.waitFor({ state: 'detached' });
    await expectFocus(page.request(titleOf('Bob')).target);
    await press('j');
    await expectFocus(page.request(titleOf('Carol')).target);
    expect(await page.detail.body.count()).toBe(0);
  });

  it('j begins with the last request that was seen, though filters have let it go', async () => {
    const { page, press } = await visitShop();
    await press('j', 'j');
    await expectFocus(page.request(titleOf('Bob')).target);
    await page.search.fill('Carol');
    await soon(async () => expect(await page.titles()).toEqual([titleOf('Carol')]));
    await page.search.blur();
    await press('j');
    await expectFocus(page.request(titleOf('Carol')).target);
  });

  it('arrows go through a list, and Enter on a line opens it; Esc gives the focus back', async () => {
    const { page, press } = await visitShop();
    await page.line('Quick for Bob').target.focus();
    await press('ArrowDown');
    await expectFocus(page.line('Request finished', 'req-002').target);
    await press('ArrowUp', 'ArrowUp');
    await expectFocus(page.line('Request finished', 'req-001').target);
    await press('End');
    await expectFocus(page.line('Request finished', 'req-003').target);
    await press('Home');
    await expectFocus(page.line('Quick for Alice').target);
    await page.line('Quick for Bob').target.focus();
    await press('Enter');
    await page.detail.titled(titleOf('Bob')).waitFor();
    await press('Escape');
    await page.detail.body.waitFor({ state: 'detached' });
    await expectFocus(page.line('Quick for Bob').target);
    expect(new URL(page.tab.url()).hash).toBe('');
  });

  it('p pauses and goes on', async () => {
    const { shop, page, press } = await visitShop();
    await press('p');
    await soon(async () => expect(await page.state.innerText()).toBe('Paused'));
    await shop.send('/quick/Dave');
    await page.tab.getByText(/^\d+ records wait$/).waitFor();
    await press('p');
    await soon(async () => expect(await page.titles()).toContain(titleOf('Dave')));
    expect(await page.state.innerText()).toBe('Live');
  });

  it('? explains the keys, which do nothing meanwhile; Esc gives the focus back', async () => {
    const { page, press } = await visitShop();
    await press('j', '?');
    await page.help.waitFor();
    expect(await page.help.innerText()).toMatch(/next request/);
    await press('p', 'j', '/');
    expect(await page.state.innerText()).toBe('Live');
    await expectFocus(page.help.getByRole('button', { name: 'Close' }));
    await press('Escape');
    await page.help.waitFor({ state: 'detached' });
    await expectFocus(page.request(titleOf('Alice')).target);
    expect(await page.detail.body.count()).toBe(0);
  });

  it('does not override the browser’s own shortcuts', async () => {
    const { page, press } = await visitShop();
    await press('Control+p', 'Alt+j', 'Control+/');
    expect(await page.state.innerText()).toBe('Live');
    expect(await page.search.evaluate(hasFocus)).toBe(false);
  });
});

describe('the order of the focus', () => {
  it('is that of the page: the bar, the search, the filters, the views, a request, a line, the legend', async () => {
    const { page, press } = await visitShop();
    const stops = [
      page.button('Follow'),
      page.button('Pause'),
      page.button('Clear'),
      page.button('Export'),
      page.tab.getByLabel('Settings'),
      page.button('Keyboard shortcuts'),
      page.search,
      page.filter('Level'),
      page.filter('Session'),
      page.filter('Status'),
      page.slowerThan,
      page.filter('Sort'),
      page.view('Requests'),
      page.view('Traces'),
      page.view('Routes'),
      page.view('Errors'),
      page.request(titleOf('Alice')).target,
      page.tab.getByRole('button', { name: /outside requests$/ }),
      page.line('Quick for Alice').target,
      page.session('alice-se'),
    ];
    expect(await page.tab.locator('[tabindex]:not([tabindex="0"], [tabindex="-1"])').count()).toBe(
      0,
    );
    for (const stop of stops) {
      await press('Tab');
      await expectFocus(stop);
    }
    for (const stop of stops.toReversed().slice(1)) {
      await press('Shift+Tab');
      await expectFocus(stop);
    }
  });

  it('leads through the detail, beside which the log stays', async () => {
    const { page, press } = await visitShop();
    await page.request(titleOf('Alice')).click();
    await page.detail.titled(titleOf('Alice')).waitFor();
    await press('Tab');
    await expectFocus(page.button('Previous request'));
    await press('Tab', 'Tab', 'Tab');
    await expectFocus(page.detail.close);
    await press('Tab', 'Tab');
    await expectFocus(page.button('Copy link'));
    expect(await page.lines.count()).toBeGreaterThan(0);
    await page.detail.close.click();
    await expectFocus(page.request(titleOf('Alice')).target);
  });
});
