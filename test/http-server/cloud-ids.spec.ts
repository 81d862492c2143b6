import { describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import http from 'node:http';
import { TraceContext, type TracingModuleOptions } from '../../src/index.js';
import type { Line } from '../support/line-sink.js';
import { PLATFORMS, tracedApp, type Platform, type TracedApp } from '../support/traced-app.js';

const TRACE = '5759e988bd862e3fe1be46a994272793';
const SPAN = '53995c3f42cd8ad8';
const DECIMAL_SPAN = BigInt(`0x${SPAN}`).toString();
const ROOT = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;
const OTHER = '0af7651916cd43dd8448eb211c80319c';
const HEX_32 = /^[0-9a-f]{32}$/;

@Controller()
class IdsController {
  constructor(private readonly trace: TraceContext) {}

  @Get()
  get(): Record<string, string> {
    return this.trace.headers();
  }
}

type Headers = http.OutgoingHttpHeaders | string[];

function started(platform: Platform, options: TracingModuleOptions = {}): Promise<TracedApp> {
  return tracedApp(platform)
    .with(options)
    .of({ controllers: [IdsController] })
    .start();
}

/** Sends headers, repeated ones too; returns the access log line and the `traceparent` of a call. */
async function ask(
  app: TracedApp,
  headers: Headers,
): Promise<{ line: Line; traceparent: string; answered: http.IncomingHttpHeaders }> {
  const count = app.sink.finished.length;
  const [answered, body] = await new Promise<[http.IncomingHttpHeaders, string]>((done, fail) => {
    const request = http.get({ port: app.port, host: '127.0.0.1', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done([response.headers, text]));
    });
    request.on('error', fail);
  });
  const line = (await app.sink.finishes(count + 1)).at(-1)!;
  return {
    line,
    traceparent: (JSON.parse(body) as Record<string, string>)['traceparent']!,
    answered,
  };
}

describe.each(PLATFORMS)('ids of clouds on %s', (platform) => {
  const multi = { 'X-B3-TraceId': TRACE, 'X-B3-SpanId': SPAN };

  it('are the trace id, with the span of the caller and its decision', async () => {
    const app = await started(platform);
    const cases: [Headers, string, string | undefined, string][] = [
      [{ 'X-Amzn-Trace-Id': `${ROOT};Parent=${SPAN};Sampled=1` }, TRACE, SPAN, '01'],
      [{ 'X-Amzn-Trace-Id': `${ROOT};Parent=${SPAN};Sampled=0` }, TRACE, SPAN, '00'],
      [
        { 'X-Amzn-Trace-Id': `Self=1-67891234-12456789abcdef0123456789;${ROOT}` },
        TRACE,
        undefined,
        '01',
      ],
      [{ 'X-Amzn-Trace-Id': `${ROOT};Sampled=0;Lineage=25:3` }, TRACE, undefined, '00'],
      [{ 'X-Cloud-Trace-Context': `${TRACE}/${DECIMAL_SPAN};o=1` }, TRACE, SPAN, '01'],
      [{ 'X-Cloud-Trace-Context': `${TRACE}/0;o=0` }, TRACE, undefined, '00'],
      [{ 'X-Cloud-Trace-Context': TRACE }, TRACE, undefined, '01'],
      [{ b3: `${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90` }, TRACE, SPAN, '01'],
      [{ b3: `${TRACE}-${SPAN}-0` }, TRACE, SPAN, '00'],
      [{ b3: `${SPAN}-${SPAN}-d` }, `${'0'.repeat(16)}${SPAN}`, SPAN, '01'],
      [multi, TRACE, SPAN, '01'],
      [
        { ...multi, 'X-B3-TraceId': SPAN, 'X-B3-Sampled': '0' },
        `${'0'.repeat(16)}${SPAN}`,
        SPAN,
        '00',
      ],
      [{ ...multi, 'X-B3-Sampled': '0', 'X-B3-Flags': '1' }, TRACE, SPAN, '01'],
    ];
    for (const [headers, traceId, parent, flags] of cases) {
      const { line, traceparent, answered } = await ask(app, headers);
      expect([headers, line.trace_id, line['parent_span_id']]).toEqual([headers, traceId, parent]);
      expect(answered['x-trace-id']).toBe(traceId);
      expect(traceparent).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-${flags}$`));
    }
  });

  it('are taken in their order, behind traceparent and before X-Request-ID', async () => {
    const app = await started(platform);
    const ids = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(32));
    const all: [string, string][] = [
      ['traceparent', `00-${ids[0]}-${SPAN}-01`],
      ['x-amzn-trace-id', `Root=1-${ids[1]!.slice(0, 8)}-${ids[1]!.slice(8)};Parent=${SPAN}`],
      ['x-cloud-trace-context', `${ids[2]}/1`],
      ['b3', `${ids[3]}-${SPAN}`],
      ['x-b3-traceid', ids[4]!],
    ];
    for (let first = 0; first < all.length; first++) {
      const headers = Object.fromEntries(all.slice(first));
      const { line } = await ask(app, {
        ...headers,
        'x-b3-spanid': SPAN,
        'x-request-id': 'req-001',
      });
      expect(line.trace_id).toBe(ids[first]);
      expect(line.request_id).toBe('req-001');
    }
    expect((await ask(app, { b3: '0', 'x-request-id': 'req-001' })).line.trace_id).toBe('req-001');
    const invalid = { traceparent: `00-${'0'.repeat(32)}-${SPAN}-01`, tracestate: 'a=1' };
    expect((await ask(app, { ...invalid, b3: `${TRACE}-${SPAN}` })).line.trace_id).toBe(TRACE);
  });

  it('only decide on sampling where they name no trace', async () => {
    const app = await started(platform);
    for (const headers of [{ b3: '0' }, { 'X-B3-Sampled': '0' }]) {
      const { line, traceparent } = await ask(app, headers);
      expect(line.trace_id).toMatch(HEX_32);
      expect(line['parent_span_id']).toBeUndefined();
      expect(traceparent).toMatch(/-02$/);
    }
  });

  it('are ignored where they are invalid, repeated, too long or zero', async () => {
    const app = await started(platform);
    const zero = '0'.repeat(32);
    const headers: Headers[] = [
      { 'X-Amzn-Trace-Id': `Root=2-${TRACE.slice(0, 8)}-${TRACE.slice(8)}` },
      { 'X-Amzn-Trace-Id': `Root=1-${zero.slice(0, 8)}-${zero.slice(8)}` },
      { 'X-Amzn-Trace-Id': `${ROOT};${ROOT}` },
      { 'X-Amzn-Trace-Id': `${ROOT};x=${'a'.repeat(1100)}` },
      ['Host', 'here', 'X-Amzn-Trace-Id', ROOT, 'X-Amzn-Trace-Id', ROOT],
      { 'X-Cloud-Trace-Context': `${zero}/1` },
      { 'X-Cloud-Trace-Context': `${TRACE}/18446744073709551616` },
      { 'X-Cloud-Trace-Context': `${TRACE}/x` },
      { b3: `${TRACE}-${SPAN}-2` },
      { b3: `${TRACE}` },
      { b3: `${zero}-${SPAN}` },
      ['Host', 'here', 'b3', `${TRACE}-${SPAN}`, 'b3', `${TRACE}-${SPAN}`],
      { ...multi, 'X-B3-SpanId': 'nonsense' },
      { ...multi, 'X-B3-TraceId': TRACE.slice(1) },
    ];
    for (const each of headers) {
      const { line } = await ask(app, each);
      expect([each, line.trace_id]).toEqual([each, expect.stringMatching(HEX_32)]);
      expect([each, line.trace_id.includes(TRACE.slice(1))]).toEqual([each, false]);
      expect(line.trace_id).not.toBe(zero);
    }
  });

  it('are not adopted from a caller that is not trusted', async () => {
    const app = await started(platform, { trustIncoming: false });
    const { line, traceparent } = await ask(app, { ...multi, b3: `${TRACE}-${SPAN}-0` });
    expect(line.trace_id).not.toBe(TRACE);
    expect(line['parent_span_id']).toBeUndefined();
    expect(traceparent).toMatch(/-03$/);
  });

  it('can be left out, or be among other sources', async () => {
    const b3 = { b3: `${TRACE}-${SPAN}` };
    const none = await started(platform, { traceId: { sources: [] } });
    expect((await ask(none, b3)).line.trace_id).not.toBe(TRACE);
    const some = await started(platform, { traceId: { sources: ['X-Edge-Trace', 'B3'] } });
    expect((await ask(some, b3)).line.trace_id).toBe(TRACE);
    expect((await ask(some, { 'X-Amzn-Trace-Id': ROOT })).line.trace_id).not.toBe(TRACE);
    expect((await ask(some, { ...b3, 'x-edge-trace': OTHER })).line.trace_id).toBe(OTHER);
  });
});
