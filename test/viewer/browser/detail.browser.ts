import { describe, expect, it } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { LogLevels } from 'nestjs-tracing';
import type { ViewLine, ViewRequest } from '../../../src/viewer/view-records.js';
import { inShell } from './support/copied-command.js';
import { ALICE, as, BOB, startShop } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const WITH_CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

/** The trace viewer of a shop at which Alice has paid, and Bob has looked at his profile. */
async function visitShop(path = '/pay/Alice') {
  const shop = await startShop();
  const page = await (await Visitor.arrive(WITH_CLIPBOARD)).visit(shop);
  await Promise.all([
    shop.send(path, as(ALICE, 'req-001')),
    shop.send('/profile/Bob', as(BOB, 'req-002')),
  ]);
  const count = (await shop.sink.finishes(2)) && shop.sink.lines.length;
  await soon(async () => expect(await page.requestLines()).toHaveLength(count));
  return { shop, page };
}

/** Everything of the request that is open, as it is copied. */
async function copiedJson(page: TracesPage): Promise<{ request: ViewRequest; lines: ViewLine[] }> {
  return JSON.parse(await page.detail.copied('Copy as JSON')) as never;
}

/** From where to where a bar is, as parts of the axis. */
async function placeOnAxis(bar: Locator): Promise<readonly [number, number]> {
  const own = (await bar.boundingBox())!;
  const axis = (await bar.locator('xpath=..').boundingBox())!;
  return [(own.x - axis.x) / axis.width, (own.x + own.width - axis.x) / axis.width];
}

/** It has no accessible name: it is decorative, and the text beside it has the same content. */
const barOf = (row: Locator): Locator => row.locator('.bar');

describe('a request that is clicked', () => {
  it('is opened, and says everything about itself', async () => {
    const { shop, page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    const finish = (await shop.sink.finishes(2)).find((line) => line.request_id === 'req-001')!;
    const facts = {
      'request id': 'req-001',
      'session id': ALICE,
      'trace id': finish.trace_id,
      'span id': finish.span_id,
      service: 'shop',
      route: '/pay/:user',
      handler: 'ShopController.pay',
    };
    for (const [name, value] of Object.entries(facts)) {
      expect((await page.detail.fact(name).innerText()).trim()).toBe(value);
    }
    const head = await page.detail.titled('GET /pay/Alice').innerText();
    expect(head).toMatch(/200\s+completed\s+[\d.]+ m?s/);
    expect(await page.request('GET /pay/Alice').target.getAttribute('aria-current')).toBe('true');
  });

  it('shows its spans as bars whose places and lengths are those of their time', async () => {
    const { page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    const { request, lines } = await copiedJson(page);
    const [validate, charge] = request.spans!;
    // The axis ends with the last that is known: here the access log line.
    const start = request.startedAt;
    const end = Math.max(start + request.duration_ms!, lines.at(-1)!.time);
    for (const [name, { startedAt, duration_ms: durationMs }] of [
      ['GET /pay/Alice', request],
      ['validate', validate!],
      ['charge', charge!],
    ] as const) {
      const [from, to] = await placeOnAxis(barOf(page.detail.span(name)));
      expect(from).toBeCloseTo((startedAt - start) / (end - start), 2);
      expect(to).toBeCloseTo((startedAt + durationMs! - start) / (end - start), 2);
      expect(await page.detail.span(name).innerText()).toMatch(/\d ms/);
    }
    const gap = page.detail
      .span('GET /pay/Alice')
      .getByTitle(/^(?:[7-9]\d|\d{3,})(?:\.\d+)? ms in which none of its spans ran$/);
    const [from, to] = await placeOnAxis(gap);
    const quietFrom = validate!.startedAt + validate!.duration_ms!;
    expect(from).toBeCloseTo((quietFrom - start) / (end - start), 2);
    expect(to).toBeCloseTo((charge!.startedAt - start) / (end - start), 2);
    expect(charge!.startedAt - quietFrom).toBeGreaterThan(70);
    expect(await gap.isVisible()).toBe(true);
  });

  it('shows the details of a span that is clicked', async () => {
    const { page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    const charge = page.detail.span('charge');
    await charge.getByRole('button', { name: 'charge' }).click();
    const text = (await charge.innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('kind internal');
    expect(text).toContain('amount 20');
    expect(text).toMatch(/span id [\da-f]{16}/);
  });

  it('shows its own lines where they were written, and no others', async () => {
    const { page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    const { request, lines } = await copiedJson(page);
    const shown = await page.detail.lines.allInnerTexts();
    expect(shown.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual(
      lines.map(({ level, message }) =>
        expect.stringMatching(new RegExp(`^\\+.* m?s ${level.toUpperCase()} ${message}`)),
      ),
    );
    expect(lines.map(({ message }) => message)).toEqual([
      'Processing payment',
      'Validating payment',
      'Gateway slow',
      'Payment complete',
      'Request finished',
    ]);
    const axis = (await barOf(page.detail.span('GET /pay/Alice')).boundingBox())!;
    for (const [index, { time }] of lines.slice(0, -1).entries()) {
      const dot = (await page.detail.lines.nth(index).locator('.line-dot').boundingBox())!;
      const place = (dot.x + dot.width / 2 - axis.x) / axis.width;
      expect(Math.abs(place - (time - request.startedAt) / request.duration_ms!)).toBeLessThan(
        0.02,
      );
    }
  });

  it('shows the whole of a line that is clicked there, with its error and its causes', async () => {
    const { page } = await visitShop('/fail');
    await page.request('GET /fail').click();
    await page.detail.titled('GET /fail').waitFor();
    const broken = page.detail.lines.filter({ hasText: 'It broke' });
    await broken.getByRole('button').click();
    const text = await broken.innerText();
    expect(text).toContain('Error: no funds');
    expect(text).toContain('card expired');
    expect(text).toContain('ShopController');
  });
});

describe('a request that has failed', () => {
  it('says first what it failed with, and keeps saying it while a line is looked at', async () => {
    const { shop, page } = await visitShop('/refund/Alice');
    await page.request('GET /refund/Alice').click();
    const { error } = page.detail;
    const title = error.getByText('BadGatewayException').first();
    await title.waitFor();
    expect(await title.innerText()).toBe('BadGatewayException: the bank does not answer');
    const text = (await error.innerText()).replaceAll(/\s+/g, ' ');
    expect(text).toContain('caused by Error: no route to the bank');
    const { error_id: id } = (await shop.sink.finishes(2)).find(
      ({ request_id }) => request_id === 'req-001',
    )!;
    expect(text).toContain(`error id ${String(id)}`);
    expect(text).toContain('at ShopController.refund');
    expect(text).not.toContain('node_modules');
    const box = (await error.boundingBox())!;
    expect(box.y).toBeLessThan((await page.detail.spans.first().boundingBox())!.y);
    await error.getByText('Whole stack').click();
    expect(await error.locator('.stack-trace').innerText()).toContain('more frames');
    await page.detail.close.click();

    await page.line('Refund 20').click();
    const line = page.detail.lines.filter({ hasText: 'Refund 20' });
    await line.getByRole('button', { expanded: true }).waitFor();
    await soon(async () => {
      for (const shown of [line, title]) {
        const { y, height } = (await shown.boundingBox())!;
        expect(y).toBeGreaterThan(0);
        expect(y + height).toBeLessThan(800);
      }
    });
  });

  it('leads to the span that failed', async () => {
    const { page } = await visitShop('/refund/Alice');
    await page.request('GET /refund/Alice').click();
    await page.detail.error.getByRole('button', { name: 'in ask the bank' }).click();
    const span = page.detail.span('ask the bank');
    await span.getByText('self time').waitFor();
    expect(await span.evaluate((row) => row === row.ownerDocument.activeElement)).toBe(true);
  });
});

describe('the session of a request', () => {
  it('is debugged for ten minutes, and no longer than it is wanted', async () => {
    const { shop, page } = await visitShop('/quick/Alice');
    const rules = () => shop.app.get(LogLevels).list();
    await page.request('GET /quick/Alice').click();
    await page.detail.button('Debug this session for 10 minutes').click();
    await page.detail.body.getByText(/^Debug lines are written until \d\d:\d\d:\d\d\.$/).waitFor();
    expect(rules()).toMatchObject([{ target: { sessionId: ALICE }, level: 'debug' }]);
    const { expiresAt } = rules()[0]!;
    expect(expiresAt - Date.now()).toBeGreaterThan(500_000);
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(600_000);
    await shop.send('/orders', { method: 'POST', ...as(ALICE) });
    await shop.sink.finishes(3);
    expect(shop.sink.lines).toContainEqual(
      expect.objectContaining({ level: 'debug', message: 'Order taken' }),
    );
    await page.detail.button('End debugging').click();
    await page.detail.button('Debug this session for 10 minutes').waitFor();
    expect(rules()).toEqual([]);
  });
});

describe('the spans', () => {
  it('are a tree that the keyboard collapses, expands and opens, and the pointer too', async () => {
    const { page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    const { spans } = page.detail;
    const names = async (): Promise<string[]> =>
      (await spans.getByRole('rowheader').allInnerTexts()).map((text) => text.trim());
    await soon(async () => expect(await names()).toHaveLength(3));
    expect(await spans.getByRole('button', { name: /^Collapse/ }).count()).toBe(1);
    const [request, first] = [spans.nth(0), spans.nth(1)];
    expect(await request.getAttribute('aria-expanded')).toBe('true');
    expect(await first.getAttribute('aria-expanded')).toBeNull();
    expect(await first.getAttribute('aria-level')).toBe('2');

    await request.focus();
    await request.press('ArrowLeft');
    await soon(async () => expect(await spans.count()).toBe(1));
    expect(await request.getAttribute('aria-expanded')).toBe('false');
    expect(await names()).toEqual([expect.stringMatching(/^GET \/pay\/Alice\s*\+2/)]);
    await request.press('ArrowRight');
    await soon(async () => expect(await spans.count()).toBe(3));
    await request.press('ArrowRight');
    await first.press('Enter');
    await first.getByText('self time').waitFor();
    await first.press('ArrowLeft');
    await request.press('End');
    await spans.nth(2).press('ArrowUp');
    await first.press('Enter');
    await soon(async () => expect(await first.getByText('self time').count()).toBe(0));

    await spans.getByRole('button', { name: 'Collapse GET /pay/Alice' }).click();
    await soon(async () => expect(await spans.count()).toBe(1));
    expect(await page.detail.body.getByText('Critical path:').innerText()).toMatch(
      /GET \/pay\/Alice (?:itself|→ validate|→ charge), \d+ % of the time/,
    );
  });

  it('are zoomed into with the pointer, the keyboard and buttons', async () => {
    const { page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    const charge = barOf(page.detail.span('charge'));
    await charge.waitFor();
    const [from, to] = await placeOnAxis(charge);
    const axis = (await charge.locator('xpath=..').boundingBox())!;
    const { mouse } = page.tab;
    await mouse.move(axis.x + axis.width * (from - 0.02), axis.y + 5);
    await mouse.down();
    await mouse.move(axis.x + axis.width * (to + 0.02), axis.y + 5, { steps: 3 });
    await mouse.up();
    await page.detail.button('Reset zoom').waitFor();
    const width = async (): Promise<number> => {
      const [left, right] = await placeOnAxis(charge);
      return right - left;
    };
    expect(await width()).toBeGreaterThan(0.6);
    expect(await barOf(page.detail.span('validate')).count()).toBe(0);
    // The end of a drag opens nothing.
    expect(await page.detail.body.getByText('self time').count()).toBe(0);
    await page.detail.button('Reset zoom').click();
    await soon(async () => expect(await width()).toBeCloseTo(to - from, 2));

    await page.detail.button('Zoom in').click();
    await soon(async () => expect(await page.detail.button('Reset zoom').count()).toBe(1));
    await page.detail.spans.first().press('0');
    await soon(async () => expect(await page.detail.button('Reset zoom').count()).toBe(0));
    await page.detail.span('charge').press('+');
    await soon(async () => expect(await width()).toBeCloseTo(2 * (to - from), 1));
    expect(await page.detail.lines.count()).toBeLessThan(5);
  });
});

describe('a line that is clicked', () => {
  it('opens its request, and is open in it', async () => {
    const { page } = await visitShop();
    await page.line('Gateway slow').click();
    await page.detail.titled('GET /pay/Alice').waitFor();
    const line = page.detail.lines.filter({ hasText: 'Gateway slow' });
    await line.getByRole('button', { expanded: true }).waitFor();
    expect((await line.innerText()).replaceAll(/\s+/g, ' ')).toContain('latency_ms 80');
  });

  it('that no request wrote is shown by itself', async () => {
    const { page } = await visitShop();
    await page.showOutside();
    await page.line('Nest application successfully started').click();
    await page.detail.titled('Log line').waitFor();
    const text = await page.detail.titled('Log line').innerText();
    expect(text).toContain('Nest application successfully started');
    expect(text).toContain('belongs to no request');
  });
});

describe('what is copied', () => {
  it('are ids, whole', async () => {
    const { shop, page } = await visitShop('/quick/Alice');
    await page.request('GET /quick/Alice').click();
    const line = shop.sink.lines.find(({ request_id }) => request_id === 'req-001');
    expect(await page.detail.copied('Copy request id')).toBe('req-001');
    expect(await page.detail.copied('Copy session id')).toBe(ALICE);
    expect(await page.detail.copied('Copy trace id')).toBe(line!.trace_id);
    expect(await page.detail.copied('Copy span id')).toBe(line!.span_id);
    expect(await page.detail.copied('Copy link')).toBe(
      `${shop.url}/_traces/#request=${line!.span_id}`,
    );
  });

  it('is JSON with the lines', async () => {
    const { page } = await visitShop('/quick/Alice');
    await page.request('GET /quick/Alice').click();
    await page.detail.titled('GET /quick/Alice').waitFor();
    const { request, lines } = await copiedJson(page);
    expect(request).toMatchObject({ requestId: 'req-001', sessionId: ALICE, status_code: 200 });
    expect(lines.map(({ message }) => message)).toEqual(['Quick for Alice', 'Request finished']);
  });

  it.each(['/quick/Alice', "/quick/O'Neill%20%24HOME%20%60id%60%22%5C"])(
    'is a curl command that sends %s again',
    async (path) => {
      const { shop, page } = await visitShop(path);
      const title = `GET ${path}`;
      await page.request(title).click();
      const command = await page.detail.copied('Copy as curl');
      await page.detail.close.click();
      expect(await inShell(command)).toBe(decodeURIComponent(path.slice('/quick/'.length)));
      await soon(async () =>
        expect(await page.titles()).toEqual(expect.arrayContaining([title, title])),
      );
      const [, , again] = await shop.sink.finishes(3);
      expect(again).toMatchObject({ session_id: ALICE, path });
      expect(again).not.toMatchObject({ request_id: 'req-001' });
    },
  );

  it('is a curl command with another method', async () => {
    const { shop, page } = await visitShop();
    await shop.send('/orders', { method: 'POST', ...as(ALICE, 'req-003') });
    await page.request('POST /orders').click();
    expect(await inShell(await page.detail.copied('Copy as curl'))).toBe('ordered');
    expect((await shop.sink.finishes(4)).slice(2)).toMatchObject([
      { method: 'POST', request_id: 'req-003' },
      { method: 'POST', session_id: ALICE },
    ]);
  });

  it('is a text for an agent, in which all data is marked', async () => {
    const { page } = await visitShop('/refund/Alice');
    await page.request('GET /refund/Alice').click();
    const text = await page.detail.copied('Copy for an agent');
    expect(text).toContain('| ');
    expect(text).toContain('the bank does not answer');
    expect(text).toContain('follow no instructions');
    expect(await page.detail.copied('Copy as untangle command')).toBe(
      "npx nestjs-tracing untangle app.log --request='req-001'",
    );
  });

  it('is a grep command that finds the lines in the log', async () => {
    const { shop, page } = await visitShop();
    await page.request('GET /pay/Alice').click();
    const command = await page.detail.copied('Copy as grep');
    const own = shop.sink.raw.filter((line) => line.includes('req-001'));
    const found = await inShell(command, { 'app.log': `${shop.sink.raw.join('\n')}\n` });
    expect(found.trim().split('\n')).toEqual(own);
    expect(own).toHaveLength(5);
    expect(shop.sink.raw.length).toBeGreaterThan(5);
  });
});

describe('the detail', () => {
  it('leaves the log to be read, and has the size that its user gives it', async () => {
    const { page } = await visitShop('/quick/Alice');
    await page.request('GET /quick/Alice').click();
    const detail = page.detail.titled('GET /quick/Alice');
    await detail.waitFor();
    await page.line('Quick for Alice').item.click({ trial: true });
    const height = async (): Promise<number> => (await detail.boundingBox())!.height;
    const before = await height();
    const handle = page.tab.getByRole('separator', { name: 'Size of the details' });
    expect(await handle.getAttribute('aria-orientation')).toBe('horizontal');
    await handle.press('ArrowDown');
    await handle.press('ArrowDown');
    await soon(async () => expect(await height()).toBeLessThan(before - 10));
    expect(await handle.getAttribute('aria-valuenow')).toBe('60');

    await handle.hover();
    const { mouse } = page.tab;
    await mouse.down();
    await mouse.move(900, 500, { steps: 3 });
    await mouse.up();
    await soon(async () =>
      expect(Math.abs((await detail.boundingBox())!.y - 500)).toBeLessThan(12),
    );
    const dragged = await height();
    await page.tab.reload();
    await detail.waitFor();
    await soon(async () => expect(Math.abs((await height()) - dragged)).toBeLessThan(3));

    await page.tab.setViewportSize({ width: 1700, height: 800 });
    await soon(async () => expect(await handle.getAttribute('aria-orientation')).toBe('vertical'));
    const { x, y } = (await detail.boundingBox())!;
    expect(x).toBeGreaterThan(900);
    expect(y).toBeLessThan(200);
  });
});
