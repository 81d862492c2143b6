import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject, Param } from '@nestjs/common';
import { TraceContext } from '../../src/index.js';
import { LineSink } from '../support/line-sink.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';

@Controller()
class CountingController {
  constructor(@Inject(TraceContext) private readonly trace: TraceContext) {}

  @Get('rows/:n')
  async rows(@Param('n') n: string): Promise<string> {
    this.trace.add('rows', Number(n));
    await Promise.resolve();
    this.trace.add('rows', 0.5);
    this.trace.add('pages');
    return n;
  }

  @Get('odd')
  odd(): string {
    this.trace.add('nan', Number.NaN);
    this.trace.add('infinite', Infinity);
    this.trace.add('status_code', 7);
    this.trace.add('request_id', 7);
    this.trace.add('__proto__', 7);
    return 'odd';
  }

  @Get('many')
  many(): string {
    for (let n = 0; n < 64; n++) this.trace.add(`counter${n}`);
    this.trace.add('counter0', 2);
    this.trace.add('counter64');
    return 'many';
  }

  @Get('long')
  long(): string {
    this.trace.add('k'.repeat(256));
    this.trace.add('l'.repeat(257));
    return 'long';
  }
}

describe.each(PLATFORMS)('counters, on %s', (platform) => {
  const start = () =>
    tracedApp(platform)
      .of({ controllers: [CountingController] })
      .start();

  it('are fields of the access log line, one set for each request', async () => {
    const { send, sink } = await start();
    const all = Array.from({ length: 30 }, (_, n) => n);
    await Promise.all(all.map((n) => send(`/rows/${n}`)));
    const lines = await sink.finishes(30);
    const seen = new Map(lines.map(({ path, rows, pages }) => [path, [rows, pages]]));
    expect(seen).toEqual(new Map(all.map((n) => [`/rows/${n}`, [n + 0.5, 1]])));
  });

  it('replace no field of the line, and hold numbers only', async () => {
    const { send, sink } = await start();
    await send('/odd', { headers: { 'x-request-id': 'req-1' } });
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ status_code: 200, request_id: 'req-1' });
    expect(line).not.toHaveProperty('nan');
    expect(line).not.toHaveProperty('infinite');
    expect(({} as Record<string, unknown>)['rows']).toBeUndefined();
  });

  it('are 64 at most, and what is beyond is counted', async () => {
    const { send, sink } = await start();
    await send('/many');
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ counter0: 3, counter63: 1, dropped_fields: 1 });
    expect(line).not.toHaveProperty('counter64');
  });

  it('have names of 256 characters at most', async () => {
    const { send, sink } = await start();
    await send('/long');
    const [line] = await sink.finishes(1);
    expect(line).toMatchObject({ ['k'.repeat(256)]: 1, dropped_fields: 1 });
    expect(line).not.toHaveProperty('l'.repeat(257));
  });
});

describe('a counter outside a request', () => {
  it('is ignored, and counts in a run', async () => {
    const sink = new LineSink();
    const { app } = await tracedApp('express', sink).of({}).start();
    const trace = app.get(TraceContext);
    expect(() => trace.add('rows')).not.toThrow();
    await trace.run({ name: 'nightly' }, async () => trace.add('rows', 3));
    expect(sink.linesOf('Run finished')).toMatchObject([{ rows: 3 }]);
  });
});
