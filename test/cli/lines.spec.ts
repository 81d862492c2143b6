import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { severityOf } from '../../src/records/severity.js';
import { levelOf } from '../../src/cli/untangle/entry-level.js';
import { LineSplitter, MAX_LINE_BYTES } from '../../src/cli/untangle/line-splitter.js';
import { lineText, errorLines } from '../../src/cli/untangle/line-text.js';
import { lineTime } from '../../src/cli/untangle/line-time.js';
import { LOG_FIELD_NAMES, ACCESS_LOG_NAMES } from '../../src/cli/untangle/log-field-names.js';
import { entriesOf } from '../../src/cli/untangle/otlp-entries.js';
import { plain } from '../../src/cli/untangle/colors.js';
import { groupText } from '../../src/cli/untangle/group-text.js';
import { readLine } from '../../src/cli/untangle/read-line.js';
import { RecentMap } from '../../src/cli/untangle/recent-map.js';
import { RequestGroups, type RequestGroup } from '../../src/cli/untangle/request-groups.js';
import { terminalText } from '../../src/cli/untangle/terminal-text.js';
import { LogRecordConverter } from '../../src/cli/untangle/records-from-log.js';
import { codePoint } from '../support/arbitraries.js';
import { ALICE, BOB, finish, line } from './figure.js';

// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const ALL_NAMES = [LOG_FIELD_NAMES, ACCESS_LOG_NAMES].flatMap((names) =>
  Object.values(names).flat(),
);

/** Any JSON, with names among its keys that mean something. */
const entry = fc.dictionary(
  fc.oneof(
    fc.constantFrom(...ALL_NAMES, 'req', 'res', 'error', 'log', 'resourceLogs'),
    fc.string(),
  ),
  fc.oneof(fc.string({ unit: codePoint }), fc.double(), fc.jsonValue(), fc.constant('2026-01-15')),
);

describe('any entry', () => {
  it('is read without a throw, and shown without a control character', () => {
    fc.assert(
      fc.property(entry, (record) => {
        const parsed = JSON.parse(JSON.stringify(record)) as object;
        for (const one of entriesOf(parsed)) {
          const read = readLine(one);
          if (read === undefined) continue;
          const group: RequestGroup = {
            ...{ id: 1, lines: [read], isContinued: false, wasShown: false, bytes: 1 },
            accessLogLine: read.isAccessLogEntry ? read : undefined,
          };
          const text = groupText(group, () => true, plain);
          for (const row of [lineText(read, plain), ...errorLines(read), ...text.split('\n')]) {
            expect(row).not.toMatch(CONTROLS);
          }
          const records = new LogRecordConverter(() => true).ofGroup(group);
          expect(JSON.parse(JSON.stringify(records))).toHaveLength(records.length);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each<[object, boolean]>([
    [{ message: 'x' }, false],
    [{ message: 'x', level: 'info' }, true],
    [{ message: 'x', time: 1 }, true],
    [{ level: 'info' }, false],
    [{ level: 'info', time: 1 }, true],
    [{ a: 1 }, false],
    [{}, false],
  ])('%j is a log line: %s', (record, isLine) => {
    expect(readLine(record) !== undefined).toBe(isLine);
  });

  it('reads the better known name of two, in any order', () => {
    const wanted = { message: 'hi', fields: [['event', 'paid']] };
    expect(readLine({ level: 30, time: 1, event: 'paid', msg: 'hi' })).toMatchObject(wanted);
    expect(readLine({ level: 30, time: 1, msg: 'hi', event: 'paid' })).toMatchObject(wanted);
  });

  it.each(['-', '', 'null', 'undefined', 'none', '0'.repeat(16), '0'.repeat(32)])(
    'has no id where it says “%s”',
    (id) => {
      const ids = { request_id: id, trace_id: id, session_id: id };
      expect(readLine(line(1, ids, 'x'))!.key).toBeUndefined();
    },
  );

  it.each([0, 1, '0', 'r'])('has an id when its value is %j', (id) => {
    expect(readLine({ level: 30, time: 1, req: { id } })).toMatchObject({ request: String(id) });
  });
});

describe('the line that ends a request', () => {
  const ended = finish(1, ALICE) as Record<string, unknown>;

  it.each<[string, object, boolean]>([
    ['of this package', ended, true],
    ['with a message of the user’s', { ...ended, message: 'done' }, true],
    ['of a message', { ...ended, path: undefined, message: 'done', transport: 'tcp' }, true],
    ['with fewer fields', { ...line(1, ALICE, 'Request finished'), duration_ms: 3 }, true],
    ['with an outcome of another kind', { ...ended, message: 'done', outcome: 'won' }, false],
    ['without a duration', { ...ended, duration_ms: undefined }, false],
    ['with words for numbers', { ...ended, duration_ms: '3' }, false],
    ['with neither path nor transport', { ...ended, message: 'x', path: undefined }, false],
    ['of a call that was made', { ...line(1, ALICE, 'called'), status: 200, duration: 3 }, false],
    ['of pino-http', { level: 30, time: 1, res: { statusCode: 200 }, responseTime: 3 }, true],
    [
      'of pino-http, aborted',
      { level: 30, time: 1, res: { statusCode: null }, responseTime: 3 },
      true,
    ],
    ['of another, with a status', { level: 30, time: 1, status: 200, responseTime: 3 }, true],
    ['without a status', { level: 30, time: 1, responseTime: 3 }, false],
  ])('%s: %j', (_name, record, isAccessLogEntry) => {
    const parsed = JSON.parse(JSON.stringify(record)) as object;
    expect(readLine(parsed)!.isAccessLogEntry).toBe(isAccessLogEntry);
  });

  it.each([
    ['/a?b=c', '/a'],
    ['/a#b', '/a'],
    ['https://example.com/a?b', '/a'],
    ['/a', '/a'],
  ])('has a path without query: %s', (url, path) => {
    const record = { level: 30, time: 1, req: { url }, res: { statusCode: 200 }, responseTime: 3 };
    expect(readLine(record)!.requestFields!.path).toBe(path);
  });
});

describe('a level', () => {
  it.each<[unknown, string, number]>([
    [10, 'trace', 0],
    [20, 'debug', 1],
    [30, 'info', 2],
    [35, 'info', 2],
    [40, 'warn', 3],
    [50, 'error', 4],
    [60, 'fatal', 5],
    [1000, 'fatal', 5],
    [-5, 'trace', 0],
    ['ERROR', 'error', 4],
    ['Warning', 'warning', 3],
    ['verbose', 'verbose', 1],
    ['log', 'log', 2],
    ['my own', 'my own', 2],
    [null, '', 2],
  ])('%j is %s', (value, name, severity) => {
    expect(levelOf(value)).toEqual({ name, severity });
  });

  it('is not what an object’s prototype has', () => {
    expect(severityOf('constructor')).toBeUndefined();
  });
});

describe('a time', () => {
  const ms = Date.UTC(2026, 0, 15, 10, 30, 15) + 42;

  it.each<[unknown, number | undefined]>([
    ['2026-01-15T10:30:15.042Z', ms],
    ['2026-01-15T10:30:15.999Z', ms + 957],
    ['2026-01-15T10:30:15Z', ms - 42],
    ['2026-01-15T11:30:15.042+01:00', ms],
    ['2026-01-15T10:30:15.042123456Z', ms],
    [ms, ms],
    [ms / 1000, ms],
    [String(ms), ms],
    [`${ms}000`, ms],
    [`${ms}000000`, ms],
    [`${ms / 1000}`, ms],
    [ms * 1e6, ms],
    ['2026-01-15T10:30:1x.042Z', undefined],
    ['2026-01-15T10:30:15.0x2Z', undefined],
    ['yesterday', undefined],
    ['', undefined],
    [0, undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [null, undefined],
    [{}, undefined],
  ])('%j', (value, expected) => {
    expect(lineTime(value)).toBe(expected);
  });
});

describe('LineSplitter', () => {
  function split(chunks: readonly Buffer[], needle?: Buffer): { lines: string[]; parts: string[] } {
    const lines: string[] = [];
    const parts: string[] = [];
    const splitter = new LineSplitter(
      {
        line: (bytes, start, end) => lines.push(bytes.toString('utf8', start, end)),
        part: (bytes) => parts.push(String(bytes)),
      },
      needle,
    );
    for (const chunk of chunks) splitter.push(chunk);
    splitter.end();
    return { lines, parts };
  }

  const chunksOf = (text: string, cuts: readonly number[]): Buffer[] => {
    const places = [0, ...cuts.map((cut) => cut % (text.length + 1)), text.length];
    const sorted = places.toSorted((a, b) => a - b);
    return sorted.slice(1).map((end, i) => Buffer.from(text.slice(sorted[i], end)));
  };
  const text = fc.array(fc.constantFrom('a', 'b', 'needle', '\n', 'ne', 'edle'), { maxLength: 40 });

  it('finds the same lines however the bytes come', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (words, cuts) => {
        const whole = words.join('');
        const { lines } = split(chunksOf(whole, cuts));
        expect(lines).toEqual(whole.match(/[^\n]*\n|[^\n]+$/g) ?? []);
      }),
    );
  });

  it('finds the same lines by what they have, however the bytes come', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (words, cuts) => {
        const whole = words.join('');
        const { lines } = split(chunksOf(whole, cuts), Buffer.from('needle'));
        const all = whole.match(/[^\n]*\n|[^\n]+$/g) ?? [];
        expect(lines).toEqual(all.filter((one) => one.includes('needle')));
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a line up to its limit, and passes on a longer one in parts', () => {
    const longest = 'x'.repeat(MAX_LINE_BYTES - 1);
    const halves = (whole: string): Buffer[] => chunksOf(whole, [MAX_LINE_BYTES / 2]);
    expect(split(halves(`${longest}\n`))).toEqual({ lines: [`${longest}\n`], parts: [] });
    const { lines, parts } = split([...halves(`${longest}x\n`), Buffer.from('next\n')]);
    expect(lines).toEqual(['next\n']);
    expect(parts.join('')).toBe(`${longest}x\n`);
  });
});

describe('RequestGroups', () => {
  const limits = { open: 3, bytes: 1000, groupBytes: 500, grace: 2 };
  const ids = (n: number) => ({ ...ALICE, request_id: `r${n}` });

  function shownOf(lines: readonly object[], bytes = 1): string[] {
    const shown: string[] = [];
    const groups = new RequestGroups(({ lines, accessLogLine, isContinued }) => {
      const messages = lines.map(({ message }) => message).join(' ');
      shown.push(`${messages}${accessLogLine ? ' .' : ''}${isContinued ? ' continued' : ''}`);
      return true;
    }, limits);
    for (const one of lines) {
      const read = readLine(one)!;
      groups.add(read.key!, read, bytes, 0);
    }
    shown.push('end');
    groups.showAll();
    return shown;
  }

  it('shows the oldest when there are too many, and goes on with it later', () => {
    const begun = [1, 2, 3].map((n) => line(n, ids(n), `${n}`));
    expect(shownOf(begun)).toEqual(['end', '1', '2', '3']);
    expect(shownOf([...begun, line(4, ids(4), '4'), finish(5, ids(1))])).toEqual([
      ...['1', ' . continued', 'end', '2', '3', '4'],
    ]);
  });

  it('shows the oldest when they are too large', () => {
    const begun = [1, 2].map((n) => line(n, ids(n), `${n}`));
    expect(shownOf(begun, 500)).toEqual(['end', '1', '2']);
    expect(shownOf([...begun, line(3, ids(3), '3')], 500)).toEqual(['1', 'end', '2', '3']);
  });

  it('shows one that is too large by itself', () => {
    const begun = [line(1, ids(1), '1'), line(2, ids(2), '2'), line(3, ids(2), '3')];
    expect(shownOf(begun, 250)).toEqual(['end', '1', '2 3']);
    expect(shownOf(begun, 251)).toEqual(['2 3', 'end', '1']);
  });

  it('waits so many lines for what belongs to one that has ended', () => {
    const inner = { ...ids(1), span_id: '3333333333333333' };
    const lines = [line(1, inner, 'in'), finish(2, ids(1)), line(3, ids(2), '2')];
    expect(shownOf(lines)).toEqual(['end', 'in .', '2']);
    expect(shownOf([...lines, line(4, BOB, '3')])).toEqual(['in .', 'end', '2', '3']);
  });

  it('takes ids that are used again for another request', () => {
    const pinoLine = (more: object): object => ({ level: 30, time: 1, reqId: 1, ...more });
    const end = { res: { statusCode: 200 }, responseTime: 1 };
    expect(
      shownOf([pinoLine({ msg: 'a' }), pinoLine(end), pinoLine({ msg: 'b' }), pinoLine(end)]),
    ).toEqual(['a .', 'b .', 'end']);
  });
});

describe('RecentMap', () => {
  it('remembers the last so many', () => {
    const map = new RecentMap<number, number>(2);
    for (const n of [1, 2, 3, 4]) map.set(n, n);
    expect([1, 2, 3, 4].map((n) => map.get(n))).toEqual([1, 2, 3, 4]);
    map.set(4, 40);
    expect([1, 4].map((n) => map.get(n))).toEqual([1, 40]);
    map.set(5, 5);
    expect([1, 2, 3, 4, 5].map((n) => map.get(n))).toEqual([undefined, undefined, 3, 40, 5]);
  });
});

describe('terminalText', () => {
  it('keeps no control character but tabs', () => {
    fc.assert(
      fc.property(fc.string({ unit: codePoint }), (text) => {
        const shown = terminalText(text).replace(/\n$/, '').replaceAll('\t', '');
        expect(shown).not.toMatch(CONTROLS);
      }),
    );
  });
});
