import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import type { ViewExport } from '../../../src/viewer/view-records.js';
import { exportOf, fillTemplate } from '../../../src/viewer/page/export/html-export.js';
import { ViewStore } from '../../../src/viewer/store/view-store.js';
import { codePoint } from '../../support/arbitraries.js';
import { aLine, aRequest, aSpan, messagesOf, TRACE_ID } from '../view-records.js';

const OPENING = '<script type="application/json" id="records">';
const TEMPLATE = `<!doctype html><title>x</title>${OPENING}null</script><div id="page"></div>`;

function exported(message: string): ViewExport {
  return { exportedAt: '2024-01-15T10:30:15.000Z', source: 'shop', records: [aLine(message)] };
}

/** What a browser has as the text of the element: it ends with the first end tag. */
function recordsIn(html: string): string {
  const from = html.indexOf(OPENING) + OPENING.length;
  return html.slice(from, html.indexOf('</', from));
}

describe('fillTemplate', () => {
  it.each([
    '</script><script>alert(1)</script>',
    '<!--<script>',
    "$& $` $' $$ $1 $<name>",
    '\u2028\u2029\u0000\ud800',
    'null</script>',
  ])('puts %j in as nothing but data', (message) => {
    const html = fillTemplate(TEMPLATE, exported(message));
    expect(JSON.parse(recordsIn(html))).toEqual(JSON.parse(JSON.stringify(exported(message))));
    expect(html.replace(recordsIn(html), 'null')).toBe(TEMPLATE);
    expect(recordsIn(html)).not.toMatch(/[<\u2028\u2029]/);
  });

  it('puts anything in as nothing but data', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (message) => {
        const records = recordsIn(fillTemplate(TEMPLATE, exported(message)));
        expect(JSON.parse(records)).toEqual(JSON.parse(JSON.stringify(exported(message))));
      }),
    );
  });

  it('is not misled by its own source, which a page has in it', () => {
    const source = readFileSync('src/viewer/page/export/html-export.ts', 'utf8');
    const html = `<script>${source}</script>${TEMPLATE}`;
    expect(fillTemplate(html, exported('x'))).toBe(
      `<script>${source}</script>${fillTemplate(TEMPLATE, exported('x'))}`,
    );
  });

  it('refuses a page that has no place for records', () => {
    expect(() => fillTemplate('<!doctype html>', exported('x'))).toThrow('no place');
    const filled = fillTemplate(TEMPLATE, exported('x'));
    expect(() => fillTemplate(filled, exported('y'))).toThrow('no place');
  });
});

describe('exportOf', () => {
  const store = new ViewStore();
  store.add([
    aRequest('1'),
    aRequest('2', { service: 'ledger' }),
    aSpan('9', { service: 'ledger' }),
    aLine('late', { key: '1', at: 2 }),
    aLine('early', { w3cTraceId: TRACE_ID, service: 'ledger', spanId: '0000000000000002', at: 1 }),
    aLine('without request in the trace', { w3cTraceId: TRACE_ID }),
    aRequest('3', { w3cTraceId: 'another' }),
    aLine('of another trace', { key: '3' }),
    aLine('boot'),
  ]);
  const [first, second, third] = store.requests;

  it('has the whole trace of each request, once', () => {
    const { records, source, exportedAt } = exportOf(store, [first!, second!], 'shop');
    expect({ source, age: Date.now() - Date.parse(exportedAt) < 5000 }).toEqual({
      source: 'shop',
      age: true,
    });
    const copy = new ViewStore();
    copy.add(records);
    expect(copy.requests.map(({ record }) => record.key)).toEqual(['1', '2']);
    expect(messagesOf(copy.lines)).toEqual(['without request in the trace', 'early', 'late']);
    expect(messagesOf(copy.linesOf(copy.requests[1]!))).toEqual(['early']);
    expect(copy.traceOf(copy.requests[0]!).spans).toHaveLength(1);
    expect(records).toHaveLength(6);
  });

  it('has other lines that are wanted, each once', () => {
    const wanted = store.lines.filter(({ record }) => /boot|another/.test(record.message));
    const { records } = exportOf(store, [third!], 'shop', wanted);
    const copy = new ViewStore();
    copy.add(records);
    expect(messagesOf(copy.lines)).toEqual(['of another trace', 'boot']);
  });
});
