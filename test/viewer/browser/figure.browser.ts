// Its `afterEach` comes before that which ends the applications.
import './support/visitor.js';
import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLATFORMS } from '../../support/traced-app.js';
import { colorOf, stripeOf } from './support/in-page.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const ALICE_LINES = [
  'Processing payment',
  'Validating payment',
  'Gateway slow',
  'Payment complete',
];

/** Alice pays, Bob looks at his profile meanwhile, and Alice at something else. */
async function aliceAndBob(send: (path: string, init: RequestInit) => Promise<Response>) {
  const alice = send('/pay/Alice', as(ALICE, 'req-001'));
  await sleep(25);
  const bob = send('/profile/Bob', as(BOB, 'req-002'));
  await Promise.all([alice, bob]);
  await send('/quick/Alice', as(ALICE, 'req-003'));
}

async function everythingIsThere(page: TracesPage, withinMs?: number): Promise<void> {
  await soon(async () => {
    expect(await page.titles()).toEqual(['GET /pay/Alice', 'GET /profile/Bob', 'GET /quick/Alice']);
    expect(await page.requestLines()).toHaveLength(10);
  }, withinMs);
}

describe.each(PLATFORMS)('the figure, live, on %s', (platform) => {
  it('shows requests within a second, and mixed lines in the order of the log', async () => {
    const shop = await startShop({}, { platform });
    const page = await (await Visitor.arrive()).visit(shop);
    await page.tab.getByText('Waiting for the first request.').waitFor();

    await aliceAndBob(shop.send);
    await everythingIsThere(page, 1000);

    const shown = await page.requestLines();
    const logged = shop.sink.lines.map(
      ({ level, message, request_id, session_id }) =>
        `${level.toUpperCase()} [req=${request_id}|session=${session_id.slice(0, 8)}] ${message}`,
    );
    expect(shown).toEqual(logged.map((line) => expect.stringContaining(line)));
    const owners = shown.map((line) => /req-00\d/.exec(line)![0]);
    expect(owners.join(' ')).toMatch(/req-001 .*req-002 .*req-001 .*req-003/);
  });
});

describe('a request in the list', () => {
  it('says method, path, session, request id, duration, status and outcome', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await shop.send('/pay/Alice', as(ALICE, 'req-001'));
    await shop.send('/fail', as(BOB));
    await shop.send('/nowhere', as(BOB, 'req-004'));
    const [paid, failed] = await shop.sink.finishes(3);
    await soon(async () => expect(await page.titles()).toHaveLength(3));

    const alice = await page.request('GET /pay/Alice').text();
    expect(alice).toContain('session alice-se');
    expect(alice).toContain('request req-001');
    expect(alice).toMatch(/\d\d:\d\d:\d\d\.\d{3}/);
    expect(alice).toContain(`${Math.round(Number(paid!['duration_ms']))} ms 200`);
    expect(alice).toMatch(/completed$/);
    expect(alice).not.toContain('slow');

    const bob = await page.request('GET /fail').text();
    expect(bob).toContain(`request ${failed!.request_id.slice(0, 8)}`);
    expect(bob).toMatch(/ 503 .*errored$/);
    expect(await page.request('GET /nowhere').text()).toMatch(/ 404 .*refused$/);
  });

  it('is shown as soon as it begins, and as running until it has ended', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    const waits = shop.send('/wait', as(ALICE, 'req-001'));
    await soon(
      async () => expect(await page.request('GET /wait').text()).toMatch(/running$/),
      1000,
    );
    await shop.send('/go-on');
    await waits;
    await soon(async () =>
      expect(await page.request('GET /wait').text()).toMatch(/200 .*completed$/),
    );
  });

  it('is marked where it was slow', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await shop.send('/pay/Alice');
    await shop.send('/quick/Bob');
    await page.slowerThan.fill('100');
    await soon(async () => expect(await page.titles()).toEqual(['GET /pay/Alice']));
    expect(await page.request('GET /pay/Alice').text()).toContain('slow');
    await page.slowerThan.fill('100000');
    await page.slowerThan.fill('');
    await soon(async () => expect(await page.titles()).toHaveLength(2));
    expect(await page.request('GET /pay/Alice').text()).not.toContain('slow');
  });
});

describe('the colour of a session', () => {
  it('is the same on everything of one session, another one elsewhere, and in the legend', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await aliceAndBob(shop.send);
    await everythingIsThere(page);

    const stripe = (title: string): Promise<string> =>
      page.request(title).item.locator('> *').evaluate(stripeOf);
    const alice = await stripe('GET /pay/Alice');
    expect(await stripe('GET /quick/Alice')).toBe(alice);
    const bob = await stripe('GET /profile/Bob');
    expect(bob).not.toBe(alice);

    const colors = await Promise.all(
      [...ALICE_LINES, 'Quick for Alice'].map((line) => page.line(line).color()),
    );
    expect(new Set(colors).size).toBe(1);
    expect(await page.line('Loading profile').color()).not.toBe(colors[0]);
    expect(await page.line('Profile retrieved').color()).toBe(
      await page.line('Loading profile').color(),
    );

    const legend = (label: string): Promise<string> =>
      page.session(label).getByText(label).evaluate(colorOf);
    expect(await legend('alice-se')).toBe(alice);
    expect(await legend('bobby-se')).toBe(bob);
    expect(await page.session('alice-se 2 requests').count()).toBe(1);
    expect(await page.session('bobby-se 1 request').count()).toBe(1);
  });
});

describe('what is pointed at', () => {
  it('lights up the lines of a request, and dims all others', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await aliceAndBob(shop.send);
    await everythingIsThere(page);
    const [own, foreign] = [page.line('Validating payment'), page.line('Loading profile')];
    const rest = await own.backdrop();
    expect([await own.isDim(), await foreign.isDim()]).toEqual([false, false]);

    await page.request('GET /pay/Alice').hover();
    await soon(async () => {
      for (const text of ALICE_LINES) {
        expect(await page.line(text).isDim()).toBe(false);
        expect(await page.line(text).backdrop()).not.toBe(rest);
      }
      for (const text of ['Loading profile', 'Profile retrieved', 'Quick for Alice']) {
        expect(await page.line(text).isDim()).toBe(true);
        expect(await page.line(text).backdrop()).toBe(rest);
      }
    });

    await page.request('GET /profile/Bob').hover();
    await soon(async () => {
      expect([await own.isDim(), await foreign.isDim()]).toEqual([true, false]);
    });

    await page.search.hover();
    await soon(async () => {
      expect([await own.isDim(), await foreign.isDim()]).toEqual([false, false]);
      expect(await own.backdrop()).toBe(rest);
    });
  });

  it('lights up the request of a line, and the other lines of it', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await aliceAndBob(shop.send);
    await everythingIsThere(page);
    const [alice, bob] = [page.request('GET /pay/Alice'), page.request('GET /profile/Bob')];
    const rest = await alice.backdrop();

    await page.line('Validating payment').hover();
    await soon(async () => {
      expect([await alice.isDim(), await bob.isDim()]).toEqual([false, true]);
      expect(await alice.backdrop()).not.toBe(rest);
      expect(await page.line('Payment complete').isDim()).toBe(false);
      expect(await page.line('Loading profile').isDim()).toBe(true);
    });
    await page.line('Loading profile').hover();
    await soon(async () => {
      expect([await alice.isDim(), await bob.isDim()]).toEqual([true, false]);
    });
  });

  it('lights up nothing for a line that no request wrote', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await aliceAndBob(shop.send);
    await everythingIsThere(page);
    const started = page.line('Nest application successfully started');
    expect(await started.item.count()).toBe(0);
    await page.showOutside();
    await started.hover();
    await soon(async () => {
      expect(await started.isDim()).toBe(false);
      expect(await page.request('GET /pay/Alice').isDim()).toBe(true);
      expect(await page.line('Payment complete').isDim()).toBe(true);
    });
  });

  it('takes two requests with the same id for one trace, and knows which wrote a line', async () => {
    const shop = await startShop();
    const page = await (await Visitor.arrive()).visit(shop);
    await Promise.all([
      shop.send('/pay/Alice', as(ALICE, 'same')),
      shop.send('/profile/Bob', as(ALICE, 'same')),
      shop.send('/quick/Alice', as(ALICE, 'other')),
    ]);
    await soon(async () => expect(await page.requestLines()).toHaveLength(10));
    await page.request('GET /pay/Alice').hover();
    await soon(async () => {
      expect(await page.line('Payment complete').isDim()).toBe(false);
      expect(await page.line('Profile retrieved').isDim()).toBe(false);
      expect(await page.line('Quick for Alice').isDim()).toBe(true);
    });
    await page.line('Profile retrieved').click();
    await page.detail.titled('GET /profile/Bob').waitFor();
  });
});
