import { describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportPage } from '../../src/viewer/export-page.js';
import type {
  ViewExport,
  ViewLine,
  ViewRecord,
  ViewRequest,
} from '../../src/viewer/view-records.js';
import { Cli, fileOf, logOf, pathOf, run } from './cli.js';
import { ALICE, BEGINNING, BOB, FIGURE, finish, line, NOBODY } from './figure.js';

const PAGE = exportPage(
  readFileSync('dist/viewer-page/page.js', 'utf8'),
  readFileSync('dist/viewer-page/page.css', 'utf8'),
);
const ELEMENT = /(<script type="application\/json" id="records">)([^]*?)(<\/script>)/;

interface Page {
  readonly html: string;
  readonly stderr: string;
  readonly export: ViewExport;
  readonly requests: ViewRequest[];
  readonly lines: ViewLine[];
}

async function pageOf(lines: readonly object[] | string, ...args: string[]): Promise<Page> {
  const out = pathOf('page.html');
  const log = fileOf('page.log', typeof lines === 'string' ? lines : logOf(lines));
  const { stdout, stderr, code } = await run(['untangle', log, '--force', '--html', out, ...args]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
  const html = readFileSync(out, 'utf8');
  const data = JSON.parse(ELEMENT.exec(html)![2]!) as ViewExport;
  const of = <T extends ViewRecord>(type: T['type']): T[] =>
    data.records.filter((record): record is T => record.type === type);
  return { html, stderr, export: data, requests: of('request'), lines: of('line') };
}

describe('--html', () => {
  it('fills the page with requests and their lines', async () => {
    const page = await pageOf(FIGURE);
    expect(page.html.replace(ELEMENT, '$1null$3')).toBe(PAGE);
    expect(page.stderr).toMatch(/page\.html: 3 requests and 11 lines\n$/);
    expect(page.export.source).toBe(pathOf('page.log'));
    expect(Date.parse(page.export.exportedAt)).toBeGreaterThan(Date.now() - 60_000);
    expect(page.requests.map(({ path }) => path)).toEqual([
      ...['/api/profile', '/api/payment', '/api/status'],
    ]);
    expect(page.requests[1]).toEqual({
      ...{ type: 'request', key: 'log:2', service: 'payments', kind: 'request' },
      ...{ traceId: ALICE.trace_id, w3cTraceId: ALICE.trace_id, requestId: 'req-001' },
      ...{ sessionId: 'abc12345', spanId: ALICE.span_id, startedAt: BEGINNING + 730 - 722.25 },
      ...{ method: 'POST', path: '/api/payment', route: '/', handler: 'PaymentController.pay' },
      ...{ status_code: 201, outcome: 'completed', duration_ms: 722.25, handler_ms: 9 },
    });
    expect(page.lines.filter(({ key }) => key === 'log:2').map(({ message }) => message)).toEqual([
      'Processing payment for user Alice',
      ...['Validating payment', 'Gateway slow', 'Payment complete', 'Request finished'],
    ]);
    expect(page.lines[0]).toEqual({
      ...{ type: 'line', service: 'payments', time: BEGINNING, level: 'info' },
      ...{ message: 'Listening', context: 'NestApplication' },
    });
    expect(page.lines.find(({ message }) => message === 'Validating payment')).toMatchObject({
      ...{ traceId: ALICE.trace_id, requestId: 'req-001', sessionId: 'abc12345' },
      ...{ spanId: ALICE.span_id, fields: { amount: 42, card: 'ends in 4242' } },
    });
  });

  it('converts steps to spans, each with its parent', async () => {
    const steps = [
      { name: 'a', start_ms: 1, duration_ms: 8, failed: true },
      { name: 'b', start_ms: 2, duration_ms: 3, depth: 1 },
      { name: 'c', start_ms: 3, duration_ms: 1, depth: 2 },
      { name: 'd', start_ms: 5, depth: 1 },
      { name: 'e', start_ms: 5, duration_ms: 90, depth: 1, count: 30 },
      { name: 'f', start_ms: 9, duration_ms: 1 },
    ];
    const { requests } = await pageOf([finish(10, ALICE, { steps, outcome: 'errored' })]);
    const spans = requests[0]!.spans!;
    const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    nameOf.set(ALICE.span_id, 'request');
    const shown = spans.map((span) => [nameOf.get(span.parentSpanId), span.name, span.duration_ms]);
    expect(shown).toEqual([
      ...[
        ['request', 'a', 8],
        ['a', 'b', 3],
        ['b', 'c', 1],
        ['a', 'd', undefined],
      ],
      ...[
        ['a', 'e', 90],
        ['request', 'f', 1],
      ],
    ]);
    expect(spans[0]).toMatchObject({ startedAt: BEGINNING + 1, failed: true, kind: 'internal' });
    expect(spans[4]).toMatchObject({ count: 30 });
    expect(spans.every(({ spanId }) => spanId === undefined || /^[0-9a-f]{16}$/.test(spanId))).toBe(
      true,
    );
  });

  it('finds the parents of steps of which some are missing', async () => {
    const steps = [
      { name: 'a', start_ms: 1, duration_ms: 8 },
      { name: 'b', start_ms: 2, duration_ms: 3, depth: 2 },
      { name: 'c', start_ms: 3, duration_ms: 1, depth: 2 },
      { name: 'd', start_ms: 5, duration_ms: 1, depth: 3 },
    ];
    const { requests } = await pageOf([finish(10, ALICE, { steps, outcome: 'errored' })]);
    const spans = requests[0]!.spans!;
    const nameOf = new Map(spans.map(({ spanId, name }) => [spanId, name]));
    expect(spans.slice(1).map(({ parentSpanId }) => nameOf.get(parentSpanId))).toEqual([
      'a',
      'a',
      'c',
    ]);
  });

  it('lets no text of a log end the script element', async () => {
    const markup = '</script><script>alert(1)</script><!--';
    const { html, lines } = await pageOf([
      line(1, { ...ALICE, request_id: markup, session_id: markup }, markup, { [markup]: markup }),
    ]);
    expect(html).not.toContain('alert(1)</');
    expect(lines[0]).toMatchObject({ message: markup, fields: { [markup]: markup } });
  });

  it('has a line that is nested deeper than the stack', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const page = await pageOf(`{"level":30,"time":1,"msg":"deep","a":${deep}}\n`);
    expect(page.lines.map(({ message }) => message)).toEqual(['deep']);
  });

  it('has what the filters let through', async () => {
    const page = await pageOf(FIGURE, '--session', 'abc12345', '--level', 'warn');
    expect(page.requests.map(({ path }) => path)).toEqual(['/api/payment']);
    expect(page.lines.map(({ message }) => message)).toEqual(['Gateway slow']);
  });

  it('includes a request once that is read in parts', async () => {
    const page = await pageOf([finish(1, ALICE), line(2, ALICE, 'Late'), line(3, BOB, 'Two')]);
    expect(page.requests.map(({ requestId }) => requestId)).toEqual(['req-001', 'req-002']);
    expect(page.lines.map(({ key }) => key)).toEqual(['log:1', 'log:1', 'log:2']);
  });

  it('has the newest requests and lines, and says what it omitted', async () => {
    const ids = (n: number) => ({ ...ALICE, request_id: `req-${n}` });
    const requests = Array.from({ length: 5003 }, (_, n) => finish(n, ids(n)));
    const full = await pageOf(requests);
    expect(full.requests).toHaveLength(5000);
    expect(full.requests[0]!.requestId).toBe('req-3');
    expect(full.export.records[0]).toEqual({ type: 'drops', requests: 3, lines: 3, spans: 0 });
    expect(full.stderr).toMatch(
      /: the newest 5,000 requests and 5,000 lines; left out 3 requests and 3 lines before them\n$/,
    );
    const lines = Array.from({ length: 50_001 }, (_, n) => line(n, NOBODY, `line ${n}`));
    const long = await pageOf(lines);
    expect(long.lines).toHaveLength(50_000);
    expect(long.lines[0]!.message).toBe('line 1');
  });

  it('is written by Ctrl+C while it follows', async () => {
    const log = fileOf('followed.log', logOf(FIGURE));
    const out = pathOf('followed.html');
    // That one is missing is a sign of life.
    const cli = Cli.start(['untangle', '-f', pathOf('missing.log'), log, '--html', out]);
    await cli.until(() => cli.stderr.includes('no such file'), 'its complaint');
    await sleep(1000);
    cli.child.kill('SIGINT');
    expect(await cli.ended).toMatchObject({ stdout: '', code: 1 });
    expect(readFileSync(out, 'utf8')).toContain('"req-003"');
  });

  it('names the file that it cannot write', async () => {
    const log = fileOf('fine.log', logOf(FIGURE));
    const out = pathOf('no-such-folder/page.html');
    const { stderr, code } = await run(['untangle', log, '--html', out]);
    expect(stderr).toBe(`nestjs-tracing: ${out}: no such file or directory\n`);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  it('hides what the trace viewer hides, whichever logger has written it', async () => {
    const page = await pageOf([
      line(0, ALICE, 'called https://alice:canary@db.internal/x', {
        call: { headers: { authorization: 'canary' }, url: '/x' },
        requestBody: 'canary',
        nested: { list: [{ password: 'canary', port: 5432 }] },
        items: 3,
      }),
      line(1, ALICE, 'failed', {
        err: { type: 'Error', message: 'password=canary', stack: 'Error' },
      }),
    ]);
    expect(page.html).not.toContain('canary');
    expect(page.lines[0]).toMatchObject({
      message: 'called https://db.internal/x',
      fields: { call: { url: '/x' }, nested: { list: [{ port: 5432 }] }, items: 3 },
    });
  });
});
