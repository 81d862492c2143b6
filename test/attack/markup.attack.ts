import { Visitor } from '../viewer/browser/support/visitor.js';
import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { TraceContext } from '../../src/index.js';
import { TraceViewerModule } from '../../src/viewer/index.js';
import { tracedApp } from '../support/traced-app.js';
import { HOSTILE_TEXTS } from '../viewer/browser/support/hostile.js';
import { armTraps, executables, rawControls } from '../viewer/browser/support/in-page.js';
import { newTraceId, otlpLogs, otlpSpans, sendOtlp } from '../viewer/browser/support/otlp.js';
import { soon } from '../viewer/browser/support/soon.js';

// Markup in every place that the trace viewer shows, all of it on one page. What the page does with
// each text on its own is in test/viewer/browser.

const FURTHER_TEXTS = [
  '<svg><script>hacked()</script></svg>',
  '<iframe srcdoc="<script>parent.hacked()</script>">',
  '<a href="javascript:hacked()">x</a>',
  '<math><mtext></form><form><mglyph><style></math><img src onerror=hacked()>',
  '<style>@import "//evil.example/x";</style>',
  '<link rel=stylesheet href=//evil.example/x>',
  '<base href=//evil.example/>',
  '<meta http-equiv=refresh content="0;url=//evil.example">',
  '<form action=//evil.example><button autofocus onfocus=hacked()>',
  '<details open ontoggle=hacked()>',
  '<video src=x onerror=hacked()>',
  ']]><script>hacked()</script>',
  '"></script><script>hacked()</script>',
  '\u2028<script>hacked()</script>\u2029',
];
const TEXTS = [...HOSTILE_TEXTS.map(({ text }) => text), ...FURTHER_TEXTS];

@Controller()
class MarkupController {
  constructor(private readonly trace: TraceContext) {}

  @Get('all')
  async all(): Promise<string> {
    for (const text of TEXTS) {
      const fields = Object.fromEntries([[text, text]]);
      new Logger(text).log(text, fields);
      new Logger('Markup').error(
        Object.assign(new Error(text, { cause: new Error(text) }), { name: text }),
      );
      await this.trace
        .span(text, () => Promise.reject(new Error(text)), fields)
        .catch(() => undefined);
    }
    this.trace.set('user', TEXTS.join(' '));
    return 'ok';
  }
}

describe('markup', () => {
  it(`${TEXTS.length} texts in each place of one page: nothing runs, all is text`, async () => {
    const app = await tracedApp('express')
      .with({ requestId: { validate: () => true }, session: { validate: () => true } })
      .of({
        imports: [TraceViewerModule.forRoot({ authorize: () => true })],
        controllers: [MarkupController],
      })
      .start();
    const visitor = await Visitor.arrive({ viewport: { width: 1400, height: 3000 } });
    await visitor.context.addInitScript(armTraps);
    const page = await visitor.visit(app);
    await app.send('/all', { headers: { 'x-session-id': '<b>hacked()</b>' } });
    for (const text of TEXTS) {
      const traceId = newTraceId();
      const spanId = traceId.slice(0, 16);
      const attributes = { [text]: text, 'session.id': text, 'http.route': text, 'url.path': text };
      const spans = [{ name: text, traceId, spanId, attributes }];
      await sendOtlp(app, 'traces', otlpSpans(text, spans));
      await sendOtlp(app, 'logs', otlpLogs(text, [{ text, traceId, spanId, attributes }]));
    }
    await soon(async () => expect(await page.requests.count()).toBe(TEXTS.length + 1));
    for (const view of ['Traces', 'Routes', 'Errors', 'Requests'] as const) {
      await page.view(view).click();
      await page.tab.getByRole('region', { name: view, exact: true }).waitFor();
      expect(await page.tab.evaluate(executables)).toEqual(['SCRIPT']);
      expect(await page.tab.evaluate(rawControls)).toEqual([]);
    }
    // The name of its user is before it.
    await page.requests.filter({ hasText: 'GET /all' }).click();
    await page.detail.titled('GET /all').waitFor();
    await soon(async () => expect(await page.detail.spans.count()).toBe(TEXTS.length + 1));
    for (const span of await page.detail.spans.all()) await span.click();
    for (const line of await page.detail.lines.all())
      await line.getByRole('button').first().click();
    expect(await page.tab.evaluate(executables)).toEqual(['SCRIPT']);
    expect(await page.tab.evaluate(rawControls)).toEqual([]);
    // The visitor fails for a dialog, a foreign request, or an error.
    expect(visitor.offences).toEqual([]);
    const shown = (await page.tab.locator('body').textContent()) ?? '';
    for (const text of FURTHER_TEXTS.slice(0, -1)) expect(shown).toContain(text);
  });
});
