import { describe, expect, it } from '@jest/globals';
import { TraceViewerModule } from 'nestjs-tracing/viewer';
import { PLATFORMS, tracedApp } from '../../support/traced-app.js';
import { ask, StreamReader } from '../support.js';

describe.each(PLATFORMS)('the addresses of the trace viewer, on %s', (platform) => {
  it.each(['/_traces', '/debug/traces'])(
    'lead from %s to the page in a way that a proxy with a path of its own does not break',
    async (path) => {
      const { port } = await tracedApp(platform)
        .of({ imports: [TraceViewerModule.forRoot({ path })] })
        .start();
      const { status, headers } = await ask(port, path);
      expect(status).toBe(308);
      for (const base of ['', '/shop']) {
        const { pathname } = new URL(headers.location!, `http://localhost${base}${path}`);
        expect(pathname).toBe(`${base}${path}/`);
      }
    },
  );

  it('answer HEAD at once, also that of the stream, without taking the slot of a client', async () => {
    const { port } = await tracedApp(platform)
      .of({ imports: [TraceViewerModule.forRoot({ limits: { pages: 1 } })] })
      .start();
    for (const [path, type] of [
      ['/_traces/', 'text/html'],
      ['/_traces/stream', 'text/event-stream'],
    ] as const) {
      const { status, headers, body } = await ask(port, path, {}, { method: 'HEAD' });
      expect([status, body]).toEqual([200, '']);
      expect(headers['content-type']).toContain(type);
    }
    const reader = await StreamReader.open(port);
    expect(reader.status).toBe(200);
    reader.close();
  });
});
