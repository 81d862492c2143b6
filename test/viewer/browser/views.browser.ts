// Its `afterEach` comes before that which ends the applications.
import './support/visitor.js';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, HttpException, Post } from '@nestjs/common';
import { TraceContext } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { tracedApp } from '../../support/traced-app.js';
import { newTraceId, otlpLogs, otlpSpans, sendOtlp } from './support/otlp.js';
import { as } from './support/shop.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const HOSTILE = `<img src=x onerror=hacked()>\u202e${'n'.repeat(80)}`;
const DAY_MS = 86_400_000;

@Controller()
class BankController {
  constructor(private readonly trace: TraceContext) {}

  @Post('api/payment')
  pay(): string {
    this.trace.set('user', 'Alice');
    return 'paid';
  }

  @Get('api/profile/:id')
  profile(): string {
    this.trace.set('user', HOSTILE);
    return 'Bob';
  }

  @Get('fail/:id')
  fail(): void {
    throw new HttpException('no funds', 503);
  }
}

/** Alice pays, somebody else looks at two profiles, two requests fail alike. */
async function visitBank(hash = '') {
  process.env['OTEL_SERVICE_NAME'] = 'bank';
  const bank = await tracedApp('express')
    .of({ imports: [TraceViewerModule.forRoot()], controllers: [BankController] })
    .start();
  const visitor = await Visitor.arrive();
  const page = await visitor.open(`${bank.url}/_traces/${hash}`);
  await bank.send('/api/payment', { method: 'POST', ...as('abc12345', 'req-001') });
  for (const n of [2, 3]) await bank.send(`/api/profile/${n}`, as('def67890', `req-00${n}`));
  for (const n of [4, 5]) await bank.send(`/fail/${n}`, as('ghi24680', `req-00${n}`));
  return { bank, visitor, page };
}

/** One trace of three requests in two services, of yesterday, and the slowest of all. */
async function sendTrace(bank: { url: string }): Promise<void> {
  const traceId = newTraceId();
  const startedAt = Date.now() - DAY_MS;
  const spanId = '00f067aa0ba902b7';
  const get = { 'http.request.method': 'GET', 'http.response.status_code': 200 };
  const span = (path: string, after: number, more: object = {}) => ({
    name: `GET ${path}`,
    traceId,
    startedAt: startedAt + after,
    attributes: { ...get, 'url.path': path },
    ...more,
  });
  await sendOtlp(
    bank,
    'traces',
    otlpSpans('till', [span('/buy', 0, { spanId, durationMs: 9000 })]),
  );
  const inner = [
    span('/shelf/1', 5, { parentSpanId: spanId }),
    span('/shelf/2', 9, { parentSpanId: spanId }),
  ];
  await sendOtlp(bank, 'traces', otlpSpans('stock', inner));
  await sendOtlp(
    bank,
    'logs',
    otlpLogs('stock', [{ text: 'Taken', traceId, time: startedAt + 6 }]),
  );
}

const rows = async ({ tab }: TracesPage): Promise<string[]> =>
  (await tab.getByRole('row').allInnerTexts()).slice(1).map((row) => row.replaceAll(/\s+/g, ' '));

const hashOf = ({ tab }: TracesPage): URLSearchParams =>
  new URLSearchParams(new URL(tab.url()).hash.slice(1));

describe('the view of routes', () => {
  it('has a row for each, is sorted by a click, and leads to the requests of one', async () => {
    const { page } = await visitBank();
    await soon(async () => expect(await page.titles()).toHaveLength(5));
    await page.tab.keyboard.press('3');
    await soon(async () => expect(await rows(page)).toHaveLength(3));
    const [first] = await rows(page);
    expect(first).toMatch(/^GET \/(?:api\/profile|fail)\/:id 2 .*ms/);
    expect((await rows(page)).join('\n')).toMatch(/GET \/fail\/:id 2 .*100 %/);

    await page.button('Route').click();
    const names = ['GET /api/profile/:id', 'GET /fail/:id', 'POST /api/payment'];
    const inOrder = (all: string[]) => all.map((name) => expect.stringContaining(name));
    await soon(async () => expect(await rows(page)).toEqual(inOrder(names)));
    const header = page.tab.getByRole('columnheader', { name: 'Route' });
    expect(await header.getAttribute('aria-sort')).toBe('ascending');
    await page.button('Route').click();
    await soon(async () => expect(await rows(page)).toEqual(inOrder(names.toReversed())));
    expect(hashOf(page).get('sort')).toBe('-route');

    await page.button('GET /api/profile/:id').click();
    await soon(async () => expect(await page.requests.count()).toBe(2));
    expect(await page.search.inputValue()).toBe('method:"GET" route:"/api/profile/:id"');
    await soon(async () => expect(await page.requestLines()).toHaveLength(2));
    await page.tab.goBack();
    await soon(async () => expect(await rows(page)).toEqual(inOrder(names.toReversed())));
    expect(await page.search.inputValue()).toBe('');
  });
});

describe('the view of errors', () => {
  it('has a row for each kind, which leads to the latest request and to all of them', async () => {
    const { page } = await visitBank('#view=errors');
    await soon(async () =>
      expect(await rows(page)).toEqual([
        expect.stringMatching(
          /^HttpException: no funds [0-9a-f]+ GET \/fail\/:id 2 1 \d\d:\d\d:\d\d/,
        ),
      ]),
    );
    await page.tab.getByRole('link', { name: 'HttpException: no funds' }).click();
    await page.detail.titled('GET /fail/5').waitFor();
    await page.detail.close.click();
    await page.tab.getByRole('row').getByRole('button', { name: '2', exact: true }).click();
    await soon(async () => expect(await page.titles()).toEqual(['GET /fail/4', 'GET /fail/5']));
    expect(await page.search.inputValue()).toMatch(/^error_id:"/);
  });
});

describe('the view of traces', () => {
  it('has a row for each, which unfolds, lights up its lines, and says the day', async () => {
    const { bank, page } = await visitBank('#view=traces');
    await sendTrace(bank);
    const list = page.tab.getByRole('list', { name: 'Traces' }).getByRole('listitem');
    await soon(async () => expect(await list.count()).toBe(6));
    const buy = list.filter({ hasText: '/buy' }).first();
    await soon(async () => expect(await buy.innerText()).toMatch(/9 s\s+200\s+3 requests/));
    expect(await buy.innerText()).toMatch(/3 requests\s+\d{4}-\d\d-\d\d \d\d:\S+\s+till, stock/);
    await buy.getByRole('button', { name: 'Requests of GET /buy' }).click();
    await soon(async () => expect(await list.count()).toBe(9));
    expect(await list.nth(2).innerText()).toContain('/shelf/1');

    await buy.hover();
    await soon(async () => {
      expect(await page.line('Taken').isDim()).toBe(false);
      expect(await page.line('status_code=503', 'req-004').isDim()).toBe(true);
    });
    // Whole, though only one of its requests was found.
    await page.search.fill('/shelf\\/2/');
    await soon(async () => expect(await list.count()).toBe(4));
    await buy.getByRole('link').click();
    await page.detail.titled('GET /buy').waitFor();
    expect(await page.detail.spans.count()).toBe(3);
  });
});

describe('the address', () => {
  it('brings back the view, the search, the filters, the order and the line', async () => {
    const { page } = await visitBank();
    await page.search.fill('finished -payment');
    await page.filter('Level').selectOption('warn');
    await page.filter('Sort').selectOption('newest');
    await soon(async () => expect(await page.titles()).toEqual(['GET /fail/5', 'GET /fail/4']));
    await page.line('Request finished', 'req-004').click();
    await page.detail.titled('GET /fail/4').waitFor();
    await page.tab.reload();
    await page.detail.titled('GET /fail/4').waitFor();
    expect(await page.search.inputValue()).toBe('finished -payment');
    expect(await page.filter('Level').inputValue()).toBe('warn');
    await page.detail.close.click();
    await soon(async () => expect(await page.titles()).toEqual(['GET /fail/5', 'GET /fail/4']));
    await page.tab.goBack();
    await page.detail.titled('GET /fail/4').waitFor();
  });

  it('of anybody does no harm', async () => {
    const { page } = await visitBank(
      `#view=constructor&search=${encodeURIComponent('/(a+)+$/ <img src=x>')}&sort=__proto__&line=1e9-9`,
    );
    await page.tab.getByText('/(a+)+$/: A repeated group may take very long.').waitFor();
    await page.search.fill('');
    await soon(async () => expect(await page.titles()).toHaveLength(5));
  });
});

describe('what is searched for and sorted', () => {
  it('is marked, word for word; the slowest is first', async () => {
    const { bank, page } = await visitBank();
    await sendTrace(bank);
    await page.filter('Sort').selectOption('slowest');
    await soon(async () => expect((await page.titles())[0]).toBe('GET /buy'));
    await page.search.fill('req-004 fail');
    await soon(async () => expect(await page.titles()).toEqual(['GET /fail/4']));
    const marks = await page.requests.locator('mark').allInnerTexts();
    expect(marks.toSorted()).toEqual(['fail', 'req-004']);
  });
});

describe('the name of a user', () => {
  it('is on the requests of the session and in the legend, as text', async () => {
    const { bank, page } = await visitBank();
    await soon(async () => expect(await page.titles()).toContain('Alice · POST /api/payment'));
    await page.session('Alice (abc12345) 1 request').waitFor();
    const shown = String.raw`<img src=x onerror=hacked()>\u202e`;
    await soon(async () => expect((await page.titles())[1]!.startsWith(shown)).toBe(true));
    expect((await page.titles())[1]).not.toContain('n'.repeat(40));
    expect(await page.tab.locator('img').count()).toBe(0);
    // Before it is known, and in every request of the session.
    await bank.send('/fail/6', as('abc12345', 'req-006'));
    await soon(async () => expect(await page.titles()).toContain('Alice · GET /fail/6'));
    await page.search.fill('user:alice');
    await soon(async () => expect(await page.titles()).toEqual(['Alice · POST /api/payment']));
  });
});
