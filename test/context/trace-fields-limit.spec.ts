import { describe, expect, it } from '@jest/globals';
import { Controller, Get, Logger } from '@nestjs/common';
import { TraceContext } from '../../src/index.js';
import { PLATFORMS, tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const warn = spyOnWarnings();

@Controller()
class FieldsController {
  constructor(private readonly trace: TraceContext) {}

  @Get('many')
  many(): void {
    for (let i = 0; i < 300; i++) this.trace.set(`field${i}`, i);
    this.trace.set('field0', 'again');
    new Logger('Fields').log('all set');
  }

  @Get('few')
  few(): void {
    this.trace.set('field0', 'x');
  }
}

describe.each(PLATFORMS)('more fields than a request may have, on %s', (platform) => {
  it('are counted on its line, with one warning, and other requests have theirs', async () => {
    const { send, sink } = await tracedApp(platform)
      .of({ controllers: [FieldsController] })
      .start();
    const paths = ['/many', '/few', '/many', '/few'];
    const answers = await Promise.all(paths.map((path) => send(path)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const finishes = await sink.finishes(4);
    const dropped = (path: string) =>
      finishes.filter((line) => line['path'] === path).map((line) => line['dropped_fields']);
    expect(dropped('/many')).toEqual([44, 44]);
    expect(dropped('/few')).toEqual([undefined, undefined]);
    const line = sink.lines.find(({ message }) => message === 'all set')!;
    expect(line).toMatchObject({ field0: 'again', field255: 255 });
    expect(line).not.toHaveProperty('field256');
    expect(warn.mock.calls.map(([, options]) => (options as { code: string }).code)).toEqual([
      'TRACING_FIELDS_DROPPED',
    ]);
  });
});
