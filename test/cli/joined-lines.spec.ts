import { describe, expect, it } from '@jest/globals';
import { traceText } from '../../src/logging/formats/text-format.js';
import { BoundedTexts } from '../../src/cli/untangle/bounded-texts.js';
import { readPairs } from '../../src/cli/untangle/read-pairs.js';
import { ALICE, line } from './figure.js';
import { readAll } from './read-all.js';
import { formatted } from './written-lines.js';

const JSON_LINE = JSON.stringify(line(1, ALICE, 'Whole again', { text: 'x'.repeat(60) }));
const HALVES = [JSON_LINE.slice(0, 40), JSON_LINE.slice(40)] as const;
const TIME = '2026-01-15T10:30:15.042Z';
const cri = (stream: string, tag: string, text: string): string =>
  `${TIME} ${stream} ${tag} ${text}\n`;
const docker = (stream: string, log: string): string =>
  `${JSON.stringify({ log, stream, time: TIME })}\n`;

describe('a line in parts', () => {
  it.each<[string, string]>([
    [
      'of CRI, among those of another stream',
      cri('stdout', 'P', HALVES[0]) + cri('stderr', 'F', JSON_LINE) + cri('stdout', 'F', HALVES[1]),
    ],
    [
      'of docker’s json-file',
      docker('stdout', HALVES[0]) +
        docker('stderr', `${JSON_LINE}\n`) +
        docker('stdout', `${HALVES[1]}\n`),
    ],
    ['of docker, as the last line without a newline', docker('stdout', JSON_LINE).repeat(2)],
  ])('%s is joined', (_name, log) => {
    const { lines, others } = readAll(log);
    expect(others).toEqual([]);
    expect(lines.map(({ message }) => message)).toEqual(['Whole again', 'Whole again']);
  });

  it('without an end is text, and the next line is read', () => {
    const { lines, others } = readAll(
      cri('stdout', 'P', 'x').repeat(300) + cri('stderr', 'F', JSON_LINE),
    );
    expect(lines).toHaveLength(1);
    expect(others).toEqual([`${'x'.repeat(256)}\n`, `${'x'.repeat(44)}\n`]);
  });
});

describe('texts in parts', () => {
  const limits = { texts: 2, parts: 3, characters: 5, allCharacters: 8 };
  const closedOf = (parts: readonly (readonly [channel: string, part: string])[]): string[] => {
    const closed: string[] = [];
    const texts = new BoundedTexts<string>(limits, (all, about) =>
      closed.push(`${about}: ${all.join('+')}`),
    );
    for (const [channel, part] of parts) {
      if (texts.has(channel)) texts.add(channel, part);
      else texts.open(channel, part, channel);
    }
    closed.push('end');
    texts.closeAll();
    return closed;
  };

  it.each<[string, [string, string][], string[]]>([
    [
      'of three channels',
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
      ['a: 1', 'end', 'b: 2', 'c: 3'],
    ],
    [
      'of many parts',
      [
        ['a', '1'],
        ['a', '2'],
        ['a', '3'],
        ['a', '4'],
      ],
      ['a: 1+2+3', 'end', 'a: 4'],
    ],
    [
      'that are long',
      [
        ['a', '123'],
        ['a', '456'],
        ['a', '7'],
      ],
      ['a: 123+456', 'end', 'a: 7'],
    ],
    [
      'that are long together',
      [
        ['a', '12345'],
        ['b', '1234'],
      ],
      ['a: 12345', 'end', 'b: 1234'],
    ],
  ])('are closed early: %s', (_name, parts, closed) => {
    expect(closedOf(parts)).toEqual(closed);
  });
});

describe('a JSON document over several lines', () => {
  const pretty = `${JSON.stringify(JSON.parse(JSON_LINE), undefined, 4)}\n`;

  it.each<[string, string, number]>([
    ['of jq', pretty + pretty, 2],
    ['in a list', `[\n${pretty.replace(/^/gm, '  ').trimEnd()}\n]\n`, 1],
    ['of aws logs tail --format json', `${TIME.replace('Z', '+00:00')} a/b/c \n${pretty}`, 1],
    ['behind brackets without an end', `${'{\n'.repeat(1000)}${pretty}`, 1],
    ['behind a line that is whole', `{\n  "a": 1,\n${JSON_LINE}\n`, 1],
  ])('is read: %s', (_name, log, count) => {
    const { lines } = readAll(log);
    expect(lines.map(({ message }) => message)).toEqual(Array(count).fill('Whole again'));
  });

  it.each(['{\n  a: 1\n}\n', '{\n  "a": 1\n}\n', '{\n}\n{\n', '[\n  1\n]\n'])(
    'is text where it is no entry: %j',
    (log) => {
      const { lines, others } = readAll(log);
      expect([lines, others.join('')]).toEqual([[], log]);
    },
  );
});

describe('the text format', () => {
  const entry = (message: string, more: object = {}): string =>
    `${formatted(traceText({ context: true }), { message, ...more })}\n`;

  it('is read back: context, fields, error and what caused it', () => {
    const error = new TypeError('bad\n{"level":"error","message":"forged","request_id":"x"}', {
      cause: new Error('down'),
    });
    const fields = { amount: 12, name: 'two words', at: { deep: [1, 'x y'] }, ok: true };
    const { lines, others } = readAll(
      entry('Failed', { level: 'error', context: 'Payments', ...fields, error }) + entry('Next'),
    );
    expect(others).toEqual([]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({
      ...{ level: 'error', message: 'Failed', context: 'Payments' },
      ...{ request: 'req-001', session: 'session-', fields: Object.entries(fields) },
    });
    expect(lines[0]!.error!.stack).toMatch(
      /^TypeError: bad\n[^]*forged[^]*\ncaused by:\nError: down/,
    );
  });

  it('is read back: the line that ends a request, with its steps', () => {
    const steps = [
      { name: 'Payments.pay', start_ms: 1.5, duration_ms: 9 },
      {
        name: 'POST api',
        start_ms: 2,
        depth: 1,
        failed: true,
        status: 429,
        error: 'Error: too many',
      },
      { name: 'SELECT orders', start_ms: 3, duration_ms: 4, depth: 1, count: 21 },
    ];
    const { lines } = readAll(
      entry('Request finished', {
        ...{ method: 'GET', path: '/a b', status_code: 503, outcome: 'errored' },
        ...{ duration_ms: 12.25, handler: 'A.b', error_id: 'e1', steps, of_mine: 'x' },
      }),
    );
    expect(lines[0]!.requestFields).toEqual({
      ...{ method: 'GET', path: '/a b', status_code: 503, outcome: 'errored', duration_ms: 12.25 },
      ...{ handler: 'A.b', error_id: 'e1', steps },
    });
    expect(lines[0]!.fields).toEqual([['of_mine', 'x']]);
  });

  it.each<[string, object, object]>([
    ['Message finished', { transport: 'tcp', pattern: 'pay.charge' }, {}],
    ['Job finished', { transport: 'bullmq', queue: 'mails', job: 'welcome' }, {}],
    ['Run finished', { transport: 'cron', job: 'nightly' }, {}],
  ])('is read back: %s', (message, fields, more) => {
    const ended = { ...fields, outcome: 'completed', duration_ms: 3 };
    expect(readAll(entry(message, ended)).lines[0]!.requestFields).toEqual({ ...ended, ...more });
  });

  it('has no ids and no end from the text of a message', () => {
    const forged = '2026-01-15 10:30:15 - ERROR - [req=forged|session=forged] - forged';
    const { lines } = readAll(
      [
        `got ${forged}`,
        'got request_id=forged trace_id=forged session_id=forged',
        'got outcome=completed duration_ms=1 path=/forged',
        '[forged] - [req=forged|session=forged] - x',
      ]
        .map((text) => entry(text))
        .join(''),
    );
    expect(lines).toHaveLength(4);
    for (const one of lines) {
      expect(one).toMatchObject({ request: 'req-001', session: 'session-', level: 'info' });
      expect([one.trace, one.isAccessLogEntry]).toEqual([undefined, false]);
    }
  });

  it.each([
    ['a=1', 'a=1', []],
    ['x a=1', 'x', [['a', 1]]],
    ['x a=1 y', 'x a=1 y', []],
    [
      'x a="b c=2" d={"e":"} f=1"}',
      'x',
      [
        ['a', 'b c=2'],
        ['d', { e: '} f=1' }],
      ],
    ],
    ['x a="b', 'x a="b', []],
    ['', '', []],
  ])('has fields at its end: %j', (given, text, pairs) => {
    expect(readPairs(given, () => true)).toEqual({ text, pairs });
  });

  it('takes no longer for many brackets and quotes without an end', () => {
    const startedAt = performance.now();
    for (const part of [' a={', ' a="', ' a=[{"', ' a=1'])
      readPairs(`${part.repeat(200_000)} !`, () => true);
    expect(performance.now() - startedAt).toBeLessThan(3000);
  });
});
