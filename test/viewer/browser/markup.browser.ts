import './support/visitor.js';
import { describe, expect, it } from '@jest/globals';
import { All, Controller, Get, Logger } from '@nestjs/common';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { TraceContext } from 'nestjs-tracing';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { tracedApp, type TracedApp } from '../../support/traced-app.js';
import { HOSTILE_TEXTS, HOSTILE_WORDS } from './support/hostile.js';
import { armTraps, executables, rawControls } from './support/in-page.js';
import { newTraceId, otlpLogs, otlpSpans, sendOtlp } from './support/otlp.js';
import { soon } from './support/soon.js';
import type { TracesPage } from './support/traces-page.js';
import { Visitor } from './support/visitor.js';

const LONG = '<b onclick=hacked()>'.repeat(820);

@Controller()
class HostileController {
  private readonly logger = new Logger('Hostile');
  constructor(private readonly trace: TraceContext) {}

  @Get('say')
  say(): void {
    for (const { text } of HOSTILE_TEXTS) this.logger.log(text);
  }

  @Get('fields')
  fields(): void {
    for (const { name, text } of HOSTILE_TEXTS) {
      this.logger.log(`fields of ${name}`, Object.fromEntries([[text, text]]));
      new Logger(text).log(`context of ${name}`);
    }
  }

  @Get('errors')
  errors(): void {
    for (const { name, text } of HOSTILE_TEXTS) {
      const error = new Error(text, { cause: new TypeError(text) });
      error.name = text;
      this.logger.error(`error of ${name}`, error);
    }
  }

  @Get('spans')
  async spans(): Promise<void> {
    for (const { text } of HOSTILE_TEXTS) {
      const attributes = Object.fromEntries([[text, text]]);
      await this.trace
        .span(text, () => Promise.reject(new Error(text)), attributes)
        .catch(() => undefined);
    }
  }

  @Get('long')
  long(): void {
    this.logger.log(LONG, { field: LONG });
  }

  @All('*path')
  any(): string {
    return 'taken';
  }
}

/** An application that accepts anything that a client sends. */
function startGullible(service = 'gullible'): Promise<TracedApp> {
  process.env['OTEL_SERVICE_NAME'] = service;
  return tracedApp('express')
    .with({
      requestId: { validate: () => true },
      session: { validate: () => true },
    })
    .of({ imports: [TraceViewerModule.forRoot()], controllers: [HostileController] })
    .start();
}

/** Tall enough for all rows, and with traps for everything that would run. */
async function arrive(): Promise<Visitor> {
  const visitor = await Visitor.arrive({ viewport: { width: 1400, height: 3000 } });
  await visitor.context.addInitScript(armTraps);
  return visitor;
}

/** Nothing in the page can run, loads anything, or deceives the eye; the visitor watches the rest. */
async function expectHarmless({ tab }: TracesPage, scripts = 1): Promise<void> {
  expect(await tab.evaluate(executables)).toEqual(Array.from({ length: scripts }, () => 'SCRIPT'));
  expect(await tab.evaluate(rawControls)).toEqual([]);
}

/** A request whose path no client of good manners would send. */
async function sendRaw({ port }: TracedApp, path: string, headers: string[] = []): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const lines = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return text(socket);
}

describe('hostile text', () => {
  it('in messages is read in the list, in the tooltip, in the search and in the detail', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    await app.send('/say');
    await soon(async () =>
      expect(await page.requestLines()).toHaveLength(HOSTILE_TEXTS.length + 1),
    );
    const lines = await page.requestLines();
    for (const [index, { shown }] of HOSTILE_TEXTS.entries()) {
      expect(lines[index]).toContain(`] ${shown}`);
    }
    for (const { text, shown } of HOSTILE_TEXTS.slice(0, 9)) {
      // As a phrase: a quote or a slash begins something else.
      await page.search.fill(`"${text.replace(/["\\]/g, String.raw`\$&`)}"`);
      await soon(async () => expect(await page.requestLines()).toHaveLength(1));
      expect((await page.requestLines())[0]).toContain(shown);
    }
    await expectHarmless(page);
    await page.search.fill('');
    await page.request('GET /say').click();
    await page.detail.titled('GET /say').waitFor();
    for (const [index, { shown }] of HOSTILE_TEXTS.entries()) {
      const line = page.detail.lines.nth(index);
      expect(await line.innerText()).toContain(shown);
      await line.getByRole('button').click();
      expect(await line.locator('pre').count()).toBe(1);
    }
    await expectHarmless(page);
  });

  it('in the names and values of fields, and in contexts', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    await app.send('/fields');
    await soon(async () =>
      expect(await page.requestLines()).toHaveLength(2 * HOSTILE_TEXTS.length + 1),
    );
    await page.request('GET /fields').click();
    await page.detail.titled('GET /fields').waitFor();
    for (const { name, shown } of HOSTILE_TEXTS) {
      const fields = page.detail.lines.filter({ hasText: `fields of ${name}` });
      await fields.getByRole('button').click();
      expect(await fields.getByRole('term').allTextContents()).toContain(
        // The log renames this one.
        shown === '__proto__' ? '___proto__' : shown,
      );
      expect(await fields.getByRole('definition').allTextContents()).toContain(shown);
      const context = page.detail.lines.filter({ hasText: `context of ${name}` });
      await context.getByRole('button').click();
      expect(await context.getByRole('definition').allTextContents()).toContain(shown);
    }
    await expectHarmless(page);
    expect(await page.tab.evaluate('({}).polluted')).toBeUndefined();
  });

  it('in errors, their names, stacks and causes', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    await app.send('/errors');
    await soon(async () =>
      expect(await page.requestLines()).toHaveLength(HOSTILE_TEXTS.length + 1),
    );
    await page.request('GET /errors').click();
    await page.detail.titled('GET /errors').waitFor();
    for (const { name, shown } of HOSTILE_TEXTS) {
      const line = page.detail.lines.filter({ hasText: `error of ${name}` });
      await line.getByRole('button').click();
      // A stack has several lines, and is shown in as many.
      const readable = shown.replaceAll('\\n', '\n').replaceAll('\\t', '  ');
      expect((await line.locator('pre').allTextContents()).join('\n')).toContain(readable);
    }
    await expectHarmless(page);
  });

  it('in the names, attributes and errors of spans', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    await app.send('/spans');
    await page.request('GET /spans').click();
    await page.detail.titled('GET /spans').waitFor();
    await soon(async () => expect(await page.detail.spans.count()).toBe(HOSTILE_TEXTS.length + 1));
    for (const [index, { shown }] of HOSTILE_TEXTS.entries()) {
      const span = page.detail.spans.nth(index + 1);
      const toggle = span.getByRole('button').first();
      expect(await toggle.textContent()).toBe(shown);
      expect(await toggle.getAttribute('title')).toBe(shown);
      await toggle.click();
      expect(await span.getByRole('term').allTextContents()).toContain(shown);
      expect(await span.getByRole('definition').allTextContents()).toContain(shown);
    }
    await expectHarmless(page);
  });

  it('in paths, request ids and session ids', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    for (const word of HOSTILE_WORDS) {
      const ids = [`X-Session-ID: ${word}`, `X-Request-ID: ${word}`];
      expect(await sendRaw(app, `/${word}`, ids)).toMatch(/^HTTP\/1\.1 200 /);
    }
    await soon(async () =>
      expect(await page.titles()).toEqual(HOSTILE_WORDS.map((word) => `GET /${word}`)),
    );
    const labels = HOSTILE_WORDS.map((word) => word.slice(0, 8));
    for (const [index, word] of HOSTILE_WORDS.entries()) {
      const card = page.requests.nth(index);
      expect(await card.innerText()).toContain(labels[index]);
      expect(await card.getByRole('link').getAttribute('title')).toBe(`GET /${word}`);
      await page.filter('Session').selectOption(word);
      await soon(async () => expect(await page.titles()).toEqual([`GET /${word}`]));
      await page.button('Clear filters').click();
      await card.click();
      await page.detail.titled(`GET /${word}`).waitFor();
      expect(await page.detail.fact('request id').innerText()).toContain(word);
      expect(await page.detail.fact('session id').innerText()).toContain(word);
      await page.detail.close.click();
    }
    await expectHarmless(page);
  });

  it('in a message of 16 kB is cut in the list, whole in the detail, and does not stall the page', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    await app.send('/long');
    await soon(async () => expect(await page.requestLines()).toHaveLength(2));
    const [row] = await page.requestLines();
    expect(row!.length).toBeLessThan(2000);
    await page.line('<b onclick').click();
    await page.detail.titled('GET /long').waitFor();
    const whole = await page.detail.lines.first().locator('pre').textContent();
    expect(whole).toBe(`${LONG.slice(0, 16_384)}…`.slice(0, whole!.length));
    expect(whole!.length).toBeGreaterThanOrEqual(16_384);
    expect(await page.sidewaysScroll()).toBe(0);
    await expectHarmless(page);
  });

  it('in the name of the application, in the bar and in the title of the tab', async () => {
    // No environment variable can have a NUL in it.
    const texts = HOSTILE_TEXTS.filter(({ name }) => name !== 'NUL');
    const app = await startGullible(texts.map(({ text }) => text).join(' '));
    const page = await (await arrive()).visit(app);
    const name = texts.map(({ shown }) => shown).join(' ');
    await page.tab.getByRole('banner').getByText(name).waitFor();
    await soon(async () => expect(await page.tab.title()).toBe(`Traces · ${name}`));
    await expectHarmless(page);
  });
});

describe('hostile text of other services', () => {
  it('is read in everything that OTLP can say', async () => {
    const app = await startGullible();
    const page = await (await arrive()).visit(app);
    for (const { text } of HOSTILE_TEXTS) {
      const traceId = newTraceId();
      const spanId = traceId.slice(0, 16);
      const own = { [text]: text };
      const attributes = {
        ...own,
        'session.id': text,
        'request.id': text,
        'http.request.method': text,
        'url.path': text,
        'http.route': text,
      };
      const exception = Object.entries({
        'exception.type': text,
        'exception.message': text,
        'exception.stacktrace': text,
      }).map(([key, stringValue]) => ({ key, value: { stringValue } }));
      const events = [{ name: 'exception', attributes: exception }];
      await sendOtlp(
        app,
        'traces',
        otlpSpans(text, [
          { name: text, traceId, spanId, attributes },
          { name: text, traceId, parentSpanId: spanId, kind: 1, attributes: own, events },
        ]),
      );
      await sendOtlp(app, 'logs', otlpLogs(text, [{ text, traceId, spanId, attributes }]));
    }
    await soon(async () => expect(await page.requests.count()).toBe(HOSTILE_TEXTS.length));
    // What is no id is taken for none: these lines are of their requests all the same.
    const ownLines = async (): Promise<string[]> =>
      (await page.lines.allInnerTexts()).filter(
        (line) => !/(?:INFO|DEBUG)\s+\[req=none\|session=none\] gullible/.test(line),
      );
    await soon(async () => expect(await ownLines()).toHaveLength(HOSTILE_TEXTS.length));
    const lines = await ownLines();
    const services = await page.filter('Service').getByRole('option').allTextContents();
    for (const [index, { shown }] of HOSTILE_TEXTS.entries()) {
      expect(lines[index]).toContain(shown);
      expect(services).toContain(shown);
      const card = page.requests.nth(index);
      expect((await card.getByRole('link').textContent())!.startsWith(shown)).toBe(true);
      await card.click();
      await soon(async () => expect(await page.detail.spans.count()).toBe(2));
      const span = page.detail.spans.nth(1);
      await span.getByRole('button').first().click();
      expect(await span.getByRole('button').first().textContent()).toBe(shown);
      expect(await span.getByRole('term').allTextContents()).toContain(shown);
      const stack = shown.replaceAll('\\n', '\n').replaceAll('\\t', '  ');
      expect(await span.locator('pre').textContent()).toContain(stack);
      await page.detail.lines.getByRole('button').first().click();
      expect(await page.detail.body.getByRole('definition').allTextContents()).toContain(shown);
      await page.detail.close.click();
    }
    await expectHarmless(page);
  });
});

describe('hostile text in an exported page', () => {
  it('is read, and not run', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hostile-export-'));
    try {
      const app = await startGullible('</title><script>hacked()</script>');
      const page = await (await arrive()).visit(app);
      for (const path of ['/say', '/fields', '/errors', '/spans', '/long']) await app.send(path);
      for (const word of HOSTILE_WORDS) await sendRaw(app, `/${word}`, [`X-Session-ID: ${word}`]);
      await soon(async () => expect(await page.titles()).toHaveLength(5 + HOSTILE_WORDS.length));
      const started = page.tab.waitForEvent('download');
      await page.button('Export').click();
      const path = join(folder, 'export.html');
      await (await started).saveAs(path);

      const visitor = await arrive();
      const copy = await visitor.open(pathToFileURL(path).href);
      await soon(async () => expect(await copy.titles()).toEqual(await page.titles()));
      expect(await copy.requestLines()).toEqual(await page.requestLines());
      await copy.request('GET /spans').click();
      await soon(async () =>
        expect(await copy.detail.spans.count()).toBe(HOSTILE_TEXTS.length + 1),
      );
      for (const span of await copy.detail.spans.all())
        await span.getByRole('button', { expanded: false }).first().click();
      // Of the two, one is the data.
      await expectHarmless(copy, 2);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
