import { describe, expect, it } from '@jest/globals';
import { SpanStatusCode } from '@opentelemetry/api';
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { ExportQueue, MAX_QUEUE_BYTES, type Exporter } from '../../src/otlp/export-queue.js';
import { bytesOfLog, bytesOfSpan } from '../../src/otlp/held-bytes.js';
import { ownText } from '../../src/otlp/own-text.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();
const SUCCESS: ExportResult = { code: ExportResultCode.SUCCESS };

/** A queue of texts, which hands over each item at once, to an exporter that a test controls. */
function queueOf(parts: { maxQueueSize?: number; exporter?: Partial<Exporter<string>> } = {}) {
  const sent: { items: string[]; done: (result: ExportResult) => void }[] = [];
  const queue = new ExportQueue<string>({
    signal: 'logs',
    maxQueueSize: parts.maxQueueSize ?? 1_000_000,
    maxExportBatchSize: 10,
    bytesOf: (item) => item.length,
    openExporter: () => ({
      export: (items, done) => void sent.push({ items, done }),
      forceFlush: async () => {},
      shutdown: async () => {},
      ...parts.exporter,
    }),
    openProcessor: (exporter) => ({
      add: (item) => exporter.export([item], () => {}),
      shutdown: () => exporter.shutdown(),
    }),
  });
  return { queue, sent };
}

const dropWarnings = () =>
  warnings.mock.calls.filter(([text]) => String(text).includes('are dropped'));
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('the queue', () => {
  it('is bounded in bytes to the byte, counts what is being sent, and warns once', async () => {
    const { queue, sent } = queueOf();
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 15; i++) queue.push(megabyte);
    queue.push(megabyte.slice(1));
    queue.push('xy');
    expect(queue).toMatchObject({ queued: 16, dropped: 1 });
    queue.push('x');
    queue.push('');
    expect(queue).toMatchObject({ queued: 18, dropped: 1 });
    queue.push('x');
    expect(queue).toMatchObject({ queued: 18, dropped: 2 });
    expect(dropWarnings()).toHaveLength(1);
    // There is room for what has arrived.
    sent[0]!.done(SUCCESS);
    await settled();
    queue.push(megabyte);
    queue.push('x');
    expect(queue).toMatchObject({ queued: 18, dropped: 3, exported: 1 });
    await queue.close(0);
  });

  it('drops a single item that is larger than all of it', async () => {
    const { queue } = queueOf();
    queue.push('x'.repeat(MAX_QUEUE_BYTES + 1));
    expect(queue).toMatchObject({ queued: 0, dropped: 1 });
    queue.push('x'.repeat(MAX_QUEUE_BYTES));
    expect(queue).toMatchObject({ queued: 1, dropped: 1 });
    await queue.close(0);
  });

  it('is bounded in number, what is being sent included', async () => {
    const { queue, sent } = queueOf({ maxQueueSize: 3 });
    for (const item of ['a', 'b', 'c', 'd']) queue.push(item);
    expect(sent).toHaveLength(3);
    expect(queue).toMatchObject({ queued: 3, dropped: 1 });
    await queue.close(0);
  });

  it('frees what has failed', async () => {
    const { queue, sent } = queueOf({ maxQueueSize: 1 });
    queue.push('a');
    sent[0]!.done({ code: ExportResultCode.FAILED, error: new Error('refused') });
    await settled();
    queue.push('b');
    expect(queue).toMatchObject({ queued: 1, failed: 1, dropped: 0 });
    expect(await queue.close(0)).toBe(1);
    // What is answered too late is not counted again.
    sent[1]!.done(SUCCESS);
    await settled();
    expect(queue).toMatchObject({ queued: 0, failed: 2, exported: 0 });
    queue.push('c');
    expect(queue).toMatchObject({ queued: 0, failed: 3 });
  });

  it('counts an exporter that throws as one that has failed', async () => {
    const { queue } = queueOf({
      exporter: {
        export() {
          throw new Error('it cannot be encoded');
        },
      },
    });
    queue.push('a');
    await settled();
    expect(queue).toMatchObject({ queued: 0, failed: 1 });
    expect(await queue.close(1000)).toBe(0);
  });

  it('sends in batches of the size that is set what its processor still has', async () => {
    const sizes: number[] = [];
    const queue = new ExportQueue<number>({
      signal: 'traces',
      maxQueueSize: 100,
      maxExportBatchSize: 10,
      bytesOf: () => 1,
      openExporter: () => ({
        export: (items, done) => {
          sizes.push(items.length);
          done(SUCCESS);
        },
        forceFlush: async () => {},
        shutdown: async () => {},
      }),
      // Never hands over anything by itself, not even at the end.
      openProcessor: () => ({ add: () => {}, shutdown: async () => {} }),
    });
    for (let i = 0; i < 25; i++) queue.push(i);
    expect(await queue.close(1000)).toBe(0);
    expect(sizes).toEqual([10, 10, 5]);
    expect(queue).toMatchObject({ queued: 0, exported: 25 });
  });
});

describe('what a record holds', () => {
  const log = (fields: object) =>
    bytesOfLog({
      hrTime: [0, 0],
      hrTimeObserved: [0, 0],
      resource: emptyResource(),
      instrumentationScope: { name: 'test' },
      attributes: {},
      droppedAttributesCount: 0,
      ...fields,
    });
  const empty = log({});
  const long = 100_000;

  it.each<[string, object]>([
    ['a body', { body: 'x'.repeat(long) }],
    ['a body of another script', { body: 'я'.repeat(long / 2) }],
    ['a name', { attributes: { ['k'.repeat(long)]: 1 } }],
    ['a value', { attributes: { note: 'x'.repeat(long) } }],
    ['a value inside of others', { body: { a: [{ b: ['x'.repeat(long)] }] } }],
    ['bytes', { attributes: { raw: new Uint8Array(long) } }],
    ['many short values', { attributes: Object.fromEntries(keys(1500)) }],
  ])('is counted: %s', (_what, fields) => {
    expect(log(fields) - empty).toBeGreaterThanOrEqual(long);
    expect(log(fields) - empty).toBeLessThan(2 * long);
  });

  function keys(count: number): [string, string][] {
    return Array.from({ length: count }, (_, i) => [`k${1000 + i}`, 'v']);
  }

  it('is counted of a span, with its error', () => {
    const span: ReadableSpan = {
      name: 'n'.repeat(long),
      kind: 0,
      spanContext: () => ({ traceId: '', spanId: '', traceFlags: 1 }),
      startTime: [0, 0],
      endTime: [0, 0],
      duration: [0, 0],
      status: { code: SpanStatusCode.ERROR, message: 'm'.repeat(long) },
      attributes: { statement: 's'.repeat(long), list: ['l'.repeat(long), null] },
      links: [
        {
          context: { traceId: '', spanId: '', traceFlags: 1 },
          attributes: { a: 'a'.repeat(long) },
        },
      ],
      events: [{ name: 'exception', time: [0, 0], attributes: { stack: 'e'.repeat(long) } }],
      ended: true,
      resource: emptyResource(),
      instrumentationScope: { name: 'test' },
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    };
    expect(bytesOfSpan(span)).toBeGreaterThanOrEqual(6 * long);
    expect(bytesOfSpan(span)).toBeLessThan(7 * long);
  });
});

describe('a text of its own', () => {
  it.each(['', 'short', 'exactly12chr', 'thirteen char', 'я'.repeat(40), '\ud800 alone, but long'])(
    'is the same: %j',
    (text) => {
      expect(ownText(text)).toBe(text);
    },
  );
});
