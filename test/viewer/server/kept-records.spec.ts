import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PagePosition } from '../../../src/viewer/server/hub/page-position.js';
import { KeptRecords } from '../../../src/viewer/server/kept/kept-records.js';
import { RecordStore } from '../../../src/viewer/server/record-store.js';
import {
  resolveViewerOptions,
  type ViewerKeep,
} from '../../../src/viewer/server/viewer-options.js';
import type { ViewLine, ViewRecord } from '../../../src/viewer/view-records.js';
import { eventually } from '../../support/line-sink.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();
let root = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'kept-'));
  folder = join(root, 'traces');
});
afterEach(() => rmSync(root, { recursive: true }));

interface Run {
  readonly store: RecordStore;
  readonly kept: KeptRecords;
  end(): Promise<void>;
}

let runs = 0;
async function run(keep: Partial<ViewerKeep> = {}): Promise<Run> {
  const options = resolveViewerOptions({ keep: { folder, ...keep } });
  const kept = new KeptRecords(options.keep!, (++runs).toString(16).padStart(12, '0'));
  const store = new RecordStore(options.limits);
  await kept.start(store, options.limits);
  return { store, kept, end: () => kept.stop(store) };
}

const line = (message: string, more: Partial<ViewLine> = {}): ViewLine => ({
  ...{ type: 'line', service: 'shop', time: 1, level: 'info', message },
  ...more,
});
const add = ({ store }: Run, record: ViewRecord): void =>
  store.add(record.type, JSON.stringify(record));
const recordsOf = ({ store }: Run): ViewRecord[] =>
  store.after(0, 100_000).map(({ json }) => JSON.parse(json) as ViewRecord);
const textsOf = (one: Run): string[] =>
  recordsOf(one).map((record) => (record.type === 'line' ? record.message : record.type));
const segments = (): string[] => readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
const segmentPath = (instance = 'a'.repeat(12), time = Date.now()): string =>
  join(folder, `${String(time).padStart(13, '0')}-${instance}-000001.jsonl`);
const header = (identity: object = {}): string =>
  `${JSON.stringify({ version: 1, host: hostname(), pid: 2 ** 30, started: '', ...identity })}\n`;

describe('the records of earlier runs', () => {
  it('are restored in their order, run after run, and written once', async () => {
    const first = await run();
    add(first, line('one'));
    add(first, line('two'));
    await first.end();
    const second = await run();
    expect(textsOf(second)).toEqual(['one', 'two']);
    add(second, line('three'));
    await second.end();
    const third = await run();
    expect(textsOf(third)).toEqual(['one', 'two', 'three']);
    await third.end();
    expect(
      segments()
        .map((file) => readFileSync(join(folder, file), 'utf8'))
        .join('')
        .match(/"one"/g),
    ).toHaveLength(1);
  });

  it('are known to a page that had them, from any run before', async () => {
    const first = await run();
    add(first, line('one'));
    add(first, line('two'));
    await first.end();
    const second = await run();
    add(second, line('three'));
    add(second, line('four'));
    await second.end();
    const third = await run();
    const unknownTo = (...had: readonly (readonly [run: Run, seq: number])[]): string[] => {
      const from = had.map(([one, seq]) => `${one.kept.instance}:${seq}`).join(',');
      const position = new PagePosition(third.kept.instance, from);
      const news = third.store.after(0, 100).filter((record) => position.take(record));
      return news.map(({ json }) => (JSON.parse(json) as ViewLine).message);
    };
    expect(unknownTo([first, 1])).toEqual(['two', 'three', 'four']);
    expect(unknownTo([first, 2])).toEqual(['three', 'four']);
    // The second run had restored two records, and has sent one of its own.
    expect(unknownTo([first, 2], [second, 3])).toEqual(['four']);
    await third.end();
  });

  it('may be damaged in any way, and never break the start', async () => {
    mkdirSync(folder);
    const good = `[7,${JSON.stringify(line('good'))}]`;
    const request = {
      ...{ type: 'request', key: 'k', service: 's', kind: 'request', traceId: 't', startedAt: 1 },
      ...{ w3cTraceId: 'a'.repeat(32), spanId: 'b'.repeat(16) },
    };
    writeFileSync(
      segmentPath(),
      [
        header().trim(),
        good,
        // What was cut in the middle of a write, and what was written twice at the end.
        good.slice(0, 20),
        good,
        '',
        'null',
        '[]',
        '[1]',
        '[1,null]',
        '[-1,{}]',
        '[1e99,{}]',
        '["1",{"type":"line"}]',
        `[1,${JSON.stringify(line('x'.repeat(1_100_000)))}]`,
        `[1,${'['.repeat(100_000)}`,
        `[1,{"type":"line","fields":${'['.repeat(50_000)}${']'.repeat(50_000)}}]`,
        `[8,{"type":"line","service":"s","time":"1","level":"info","message":"no time"}]`,
        `[9,{"type":"line","service":"s","time":1,"level":{},"message":"no level"}]`,
        `[10,${JSON.stringify({ ...request, spanId: '<b>' })}]`,
        `[11,${JSON.stringify({ ...request, spans: [{}, 1, null, 'x'], status_code: 'x', evil: 1 })}]`,
        `[12,{"type":"drops","requests":1e9,"lines":1,"spans":1}]`,
        `[13,{"__proto__":{"polluted":1},"type":"line","service":"s","time":1,\r"level":"info","message":"\\r\\n\\r\\nevent: x","fields":{"__proto__":{"polluted":1}}}]`,
        `[14,${JSON.stringify(line('cut off'))}`,
      ].join('\n'),
    );
    writeFileSync(segmentPath('b'.repeat(12)), Buffer.alloc(100_000, 0xff));
    writeFileSync(segmentPath('c'.repeat(12)), '{"version":1,"host":1,"pid":-1}\n');
    writeFileSync(segmentPath('d'.repeat(12)), '');
    writeFileSync(segmentPath('e'.repeat(12)), Buffer.alloc(9 * 1024 * 1024, 'x'));
    mkdirSync(segmentPath('f'.repeat(12)));
    symlinkSync('/dev/zero', segmentPath('0'.repeat(12)));
    writeFileSync(join(folder, 'other.jsonl'), `${good}\n`);
    const restored = await run();
    expect(recordsOf(restored)).toEqual([
      line('good'),
      { ...request, spans: [] },
      expect.objectContaining({ message: '\r\n\r\nevent: x' }),
    ]);
    expect(restored.store.after(0, 10).some(({ json }) => /[\r\n]/.test(json))).toBe(false);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    add(restored, line('new'));
    await restored.end();
    expect(textsOf(await run()).at(-1)).toBe('new');
  });

  it('are not those of a process that is still running', async () => {
    const first = await run();
    add(first, line('one'));
    await eventually(() => segments().length === 1, 'the segment');
    const second = await run();
    expect(textsOf(second)).toEqual([]);
    // Another process has the number of one that has ended, or it was on another machine.
    writeFileSync(
      segmentPath('a'.repeat(12), 1),
      `${header({ pid: process.ppid, started: 'x' })}[1,${JSON.stringify(line('a'))}]\n`,
    );
    writeFileSync(
      segmentPath('b'.repeat(12), 2),
      `${header({ host: 'other', pid: 1 })}[1,${JSON.stringify(line('b'))}]\n`,
    );
    const third = await run();
    expect(textsOf(third)).toEqual(['a', 'b']);
    await Promise.all([first.end(), second.end(), third.end()]);
  });
});

describe('the folder', () => {
  it('is bounded in bytes, in number and in age, but what is in use stays', async () => {
    const open = await run();
    add(open, line('in use'));
    await eventually(() => segments().length === 1, 'the segment');
    const [inUse] = segments();
    const old = segmentPath('a'.repeat(12), 1);
    writeFileSync(old, 'x');
    utimesSync(old, 1, 1);
    utimesSync(join(folder, inUse!), 1, 1);
    for (let n = 0; n < 510; n++) writeFileSync(segmentPath('b'.repeat(12), 1000 + n), 'x');
    const other = await run();
    add(other, line('x'));
    await other.end();
    expect(segments().length).toBeLessThanOrEqual(502);
    expect(segments()).toContain(inUse);
    expect(segments()).not.toContain(old.slice(folder.length + 1));

    const small = await run({ bytes: 3 * 1024 * 1024 });
    for (let n = 0; n < 6000; n++) add(small, line('x'.repeat(2000)));
    await small.end();
    const sizes = segments().map((file) => readFileSync(join(folder, file)).length);
    // One is begun while the others are within the limit.
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(6.5 * 1024 * 1024);
    expect(Math.max(...sizes)).toBeLessThan(2.6 * 1024 * 1024);
    await open.end();
  });

  it('may be removed while it is written to', async () => {
    const first = await run();
    add(first, line('one'));
    const isWritten = (file: string): boolean =>
      readFileSync(join(folder, file), 'utf8').includes('one');
    await eventually(() => existsSync(folder) && segments().some(isWritten), 'the record');
    rmSync(folder, { recursive: true });
    add(first, line('two'));
    await first.end();
    expect(textsOf(await run())).toEqual(['two']);
  });

  it('that cannot be written is one warning', async () => {
    writeFileSync(folder, 'a file');
    for (const message of ['one', 'two']) {
      const refused = await run();
      add(refused, line(message));
      await refused.end();
    }
    expect(warn.mock.calls.map(([, options]) => options)).toEqual([
      { type: 'TracingWarning', code: 'TRACING_VIEWER_NOT_KEPT' },
    ]);
  });

  it('that has something else in it gets nothing but segments', async () => {
    mkdirSync(folder);
    const first = await run();
    add(first, line('one'));
    await first.end();
    expect(readdirSync(folder).filter((file) => !file.endsWith('.jsonl'))).toEqual([]);
  });
});

describe('the option', () => {
  it.each([
    [{ keep: '' }, /`keep`/],
    [{ keep: 7 }, /`keep`/],
    [{ keep: { folder: 'x', age: 1 } }, /`keep\.age` is not an option/],
    [{ keep: { folder: 'x', bytes: 0 } }, /`keep\.bytes`/],
    [{ keep: { folder: 'x', maxAgeMs: Infinity } }, /`keep\.maxAgeMs`/],
    [{ keep: {} }, /`keep`/],
  ])('%j is refused', (options, message) => {
    expect(() => resolveViewerOptions(options as object)).toThrow(message);
  });
});
