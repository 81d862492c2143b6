import { describe, expect, it } from '@jest/globals';
import { Cable } from './support/cable.js';
import { ShopProcess } from './support/shop-process.js';
import { ALICE, as, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

/** The browser's error message for a server that is not running. */
const GONE =
  /ERR_(?:CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;
/** The longest pause between two attempts, and some time for the attempt. */
const PATIENCE_MS = 12_000;

async function expectState(page: TracesPage, state: string): Promise<void> {
  await soon(async () => expect(await page.state.innerText()).toBe(state), PATIENCE_MS);
}

describe('a page that is open', () => {
  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'comes back by itself when the server was restarted after %s, and keeps what it has',
    async (signal) => {
      const shop = await ShopProcess.start();
      const visitor = await Visitor.arrive();
      visitor.forgive(GONE);
      const page = await visitor.visit(shop);
      await shop.send('/quick/Alice', as(ALICE, 'req-001'));
      await soon(async () => expect(await page.titles()).toEqual(['GET /quick/Alice']));
      expect(await page.state.innerText()).toBe('Live');

      await shop.stop(signal);
      await expectState(page, 'Reconnecting…');
      // What is here can still be looked at.
      await page.request('GET /quick/Alice').click();
      await page.detail.titled('GET /quick/Alice').waitFor();
      await page.detail.close.click();

      await shop.startAgain();
      await expectState(page, 'Live');
      await shop.send('/quick/Bob', as(ALICE, 'req-002'));
      await soon(async () =>
        expect(await page.titles()).toEqual(['GET /quick/Alice', 'GET /quick/Bob']),
      );
      // The second run counts its requests from one again: they must not be taken for the first's.
      await page.search.fill('Quick for');
      await soon(async () => expect(await page.requestLines()).toHaveLength(2));
      await page.request('GET /quick/Alice').hover();
      await soon(async () => {
        expect(await page.line('Quick for Alice').isDim()).toBe(false);
        expect(await page.line('Quick for Bob').isDim()).toBe(true);
      });
      await shop.stop();
    },
  );

  it('misses nothing, and shows nothing twice, when the connection was lost for a while', async () => {
    const shop = await startShop();
    const cable = await Cable.to(shop);
    const visitor = await Visitor.arrive();
    visitor.forgive(GONE);
    const page = await visitor.visit(cable);
    await shop.send('/quick/Alice');
    await soon(async () => expect(await page.requestLines()).toHaveLength(2));

    cable.cut();
    await expectState(page, 'Reconnecting…');
    await shop.send('/quick/Bob');
    cable.mend();
    await expectState(page, 'Live');
    await shop.send('/quick/Carol');
    await soon(async () =>
      expect(await page.titles()).toEqual([
        'GET /quick/Alice',
        'GET /quick/Bob',
        'GET /quick/Carol',
      ]),
    );
    await soon(async () => expect(await page.requestLines()).toHaveLength(6));
    await page.showOutside();
    await soon(async () =>
      expect(await page.line('Nest application successfully started').item.count()).toBe(1),
    );
  });

  it('that was one too many is admitted once another is closed', async () => {
    const shop = await startShop({ limits: { pages: 1 } });
    const visitor = await Visitor.arrive();
    visitor.forgive(/status of 503/);
    const first = await visitor.visit(shop);
    await expectState(first, 'Live');
    const second = await visitor.visit(shop);
    await expectState(second, 'Reconnecting…');
    await first.tab.close();
    await expectState(second, 'Live');
    await shop.send('/quick/Alice');
    await soon(async () => expect(await second.titles()).toEqual(['GET /quick/Alice']));
  });
});
