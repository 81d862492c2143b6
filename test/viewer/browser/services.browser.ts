import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALICE, as } from './support/shop.js';
import { Controller, Get, Injectable, Logger } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Span } from 'nestjs-tracing';
import { OtlpModule, type OtlpProtocol } from 'nestjs-tracing/otlp';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { tracedApp } from '../../support/traced-app.js';
import { soon } from './support/soon.js';
import { Visitor } from './support/visitor.js';

const OTEL_ENV = {
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_BLRP_SCHEDULE_DELAY: '50',
  OTEL_SERVICE_NAME: '',
};

let before: NodeJS.ProcessEnv;
beforeAll(() => {
  before = { ...process.env };
  Object.assign(process.env, OTEL_ENV);
});
afterAll(() => {
  process.env = before;
});

@Injectable()
class Ledger {
  private readonly logger = new Logger('Ledger');

  @Span()
  async book(): Promise<void> {
    await sleep(20);
    this.logger.log('Booked in the ledger');
  }
}

@Controller()
class LedgerController {
  constructor(private readonly ledger: Ledger) {}

  @Get('book')
  async book(): Promise<string> {
    await sleep(10);
    await this.ledger.book();
    return 'booked';
  }
}

const ledgerUrl = { url: '' };

@Controller()
class CheckoutController {
  private readonly logger = new Logger('CheckoutController');

  @Get('checkout')
  async checkout(): Promise<string> {
    this.logger.log('Checking out');
    const answer = await fetch(`${ledgerUrl.url}/book`);
    return answer.text();
  }
}

function startCheckout() {
  process.env['OTEL_SERVICE_NAME'] = 'checkout';
  return tracedApp('express')
    .of({ imports: [TraceViewerModule.forRoot()], controllers: [CheckoutController] })
    .start();
}

/** Has no page of its own, and sends its traces to another's. */
function startLedger(page: string, protocol: OtlpProtocol) {
  process.env['OTEL_SERVICE_NAME'] = 'ledger';
  return tracedApp('fastify')
    .of({
      imports: [OtlpModule.forRoot({ url: page, protocol })],
      controllers: [LedgerController],
      providers: [Ledger],
    })
    .start();
}

describe.each(['http/protobuf', 'http/json'] as const)('two services, over %s', (protocol) => {
  it('are one waterfall', async () => {
    const checkout = await startCheckout();
    const page = await (await Visitor.arrive()).visit(checkout);
    const ledger = await startLedger(`${checkout.url}/_traces`, protocol);
    ledgerUrl.url = ledger.url;
    expect(await (await checkout.send('/checkout', as(ALICE, 'req-001'))).text()).toBe('booked');

    await soon(async () => {
      expect(await page.titles()).toEqual(['GET /checkout', 'GET /book']);
      expect(await page.line('Booked in the ledger').text()).toContain('req-001');
    }, 10_000);
    expect(await page.request('GET /book').text()).toContain('ledger');
    expect(await page.request('GET /checkout').text()).toContain('checkout');
    expect(await page.request('GET /book').text()).toContain('request req-001');

    await page.request('GET /checkout').click();
    await page.detail.titled('GET /checkout').waitFor();
    const rows = (await page.detail.spans.allInnerTexts()).map((row) =>
      row.replaceAll(/\s+/g, ' '),
    );
    expect(rows).toEqual([
      expect.stringMatching(/^GET \/checkout.*checkout/),
      expect.stringMatching(/^GET/),
      expect.stringMatching(/^GET \/book.*ledger/),
      expect.stringMatching(/^Ledger\.book/),
    ]);
    const lines = (await page.detail.lines.allInnerTexts()).join('\n');
    expect(lines).toContain('Checking out');
    expect(lines).toContain('Booked in the ledger');

    // Each bar begins within the one around it.
    const boxes = await Promise.all(
      (await page.detail.spans.locator('.bar').all()).map((bar) => bar.boundingBox()),
    );
    for (const [index, inner] of boxes.entries()) {
      const outer = boxes[index - 1] ?? inner;
      expect(inner!.x).toBeGreaterThanOrEqual(outer!.x - 1);
      expect(inner!.x + inner!.width).toBeLessThanOrEqual(outer!.x + outer!.width + 3);
    }

    await page.detail.spans.getByRole('link', { name: 'open GET /book' }).click();
    await page.detail.titled('GET /book').waitFor();
  });
});

describe('the lines of two services', () => {
  it('light up as a whole, with the requests of their trace', async () => {
    const checkout = await startCheckout();
    const page = await (await Visitor.arrive()).visit(checkout);
    const ledger = await startLedger(`${checkout.url}/_traces`, 'http/protobuf');
    ledgerUrl.url = ledger.url;
    await checkout.send('/checkout', as(ALICE, 'req-001'));
    await soon(async () =>
      expect(await page.line('Booked in the ledger').text()).toContain('INFO'),
    );
    await checkout.send('/other', as(ALICE, 'req-002'));
    await soon(async () => expect(await page.titles()).toContain('GET /book'));
    await page.request('GET /other').item.waitFor();
    await page.line('Booked in the ledger').hover();
    await soon(async () => {
      expect(await page.request('GET /book').isDim()).toBe(false);
      expect(await page.request('GET /checkout').isDim()).toBe(false);
      expect(await page.line('Checking out').isDim()).toBe(false);
      expect(await page.request('GET /other').isDim()).toBe(true);
    });
    const rest = await page.line('Checking out').backdrop();
    await page.request('GET /checkout').hover();
    await soon(async () => {
      expect(await page.line('Booked in the ledger').isDim()).toBe(false);
      expect(await page.line('status_code=404').isDim()).toBe(true);
    });
    expect(await page.line('Checking out').backdrop()).toBe(rest);
    await page.filter('Service').selectOption('ledger');
    await soon(async () => expect(await page.titles()).toEqual(['GET /book']));
  });
});
