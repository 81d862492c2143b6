import { expect, it } from '@jest/globals';
import { backdropOf } from './support/in-page.js';
import { ALICE, as, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import { Visitor } from './support/visitor.js';

const LOOK = { colorScheme: 'light', timezoneId: 'Asia/Tokyo' } as const;

it('theme and time zone are chosen in a menu, apply everywhere and are remembered', async () => {
  const shop = await startShop();
  const page = await (await Visitor.arrive(LOOK)).visit(shop);
  await shop.send('/quick/Alice', as(ALICE));
  const row = page.request('GET /quick/Alice').item;
  await row.waitFor();
  const hour = async (): Promise<number> =>
    Number((await row.getByRole('time').innerText()).slice(0, 2));
  const local = await hour();
  const menu = page.tab.getByLabel('Settings');
  await menu.click();
  await page.tab.getByRole('radio', { name: 'Dark' }).check();
  await page.tab.getByRole('radio', { name: 'UTC' }).check();
  const expectChosen = async (): Promise<void> => {
    await soon(async () => expect(await hour()).toBe((local + 24 - 9) % 24));
    expect(await page.tab.locator('body').evaluate(backdropOf)).toBe('rgb(14, 14, 20)');
  };
  await expectChosen();
  await page.tab.keyboard.press('Escape');
  await soon(async () => expect(await page.tab.getByRole('radio').count()).toBe(0));
  await page.tab.reload();
  await row.waitFor();
  await expectChosen();
});
