import { afterEach, describe, expect, it } from '@jest/globals';
import { channel } from 'node:diagnostics_channel';
import { TraceContext } from '../../src/index.js';
import { startMoved } from '../support/moved-internal.js';
import { tracedApp } from '../support/traced-app.js';
import { spyOnWarnings } from '../support/warnings.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const hasCreatedChannel = major > 22 || (major === 22 && minor >= 12);
const GLOBAL_DISPATCHER = Symbol.for('undici.globalDispatcher.1');
const shared = globalThis as unknown as Record<symbol, unknown>;
const warn = spyOnWarnings();
const GET = { origin: 'http://127.0.0.1', method: 'GET', path: '/' };
const requestCreated = channel('undici:request:create');

/** What a later undici might publish. */
const MESSAGES: Readonly<Record<string, object>> = {
  'a request without `addHeader`': { headers: [] },
  'a request with headers of another kind': { headers: new Map(), addHeader: () => {} },
};

describe('outgoing calls', () => {
  const dispatcher = shared[GLOBAL_DISPATCHER];
  afterEach(() => {
    shared[GLOBAL_DISPATCHER] = dispatcher;
  });

  it.each(Object.keys(MESSAGES))('are not traced, and one warning says so: %s', async (name) => {
    const { app, send, sink } = await tracedApp('express').start();
    const request = { ...GET, ...MESSAGES[name] };
    for (let i = 0; i < 2; i++) {
      app.get(TraceContext).run(undefined, () => requestCreated.publish({ request }));
    }
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/undici \d+\.\d+\.\d+ has another shape .*`fetch` carry no trace/),
        { type: 'TracingWarning', code: 'TRACING_UNSUPPORTED' },
      ],
    ]);
    await send('/');
    expect(await sink.finishes(1)).toEqual([expect.objectContaining({ status_code: 404 })]);
  });

  it('are traced when the global dispatcher has another shape, and one warning says so', async () => {
    await tracedApp('express').start();
    shared[GLOBAL_DISPATCHER] = { send: () => true };
    const request = { ...GET, headers: [], addHeader: () => {} };
    for (let i = 0; i < 2; i++) requestCreated.publish({ request });
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/undici \d+\.\d+\.\d+ has another shape .*waits for a connection/),
        { type: 'TracingWarning', code: 'TRACING_UNSUPPORTED' },
      ],
    ]);
  });

  it('of `node:http` are not traced where `http.request` has moved', async () => {
    const { warnings, otherWarnings, status, entries } = await startMoved(
      'test/http-server/moved-app.ts',
      { removed: [{ module: 'node:http', path: 'default.request' }] },
    );
    const warning = /node \d+\.\d+\.\d+ has another shape .*`request` is not a function/;
    // From Node 22.12 on, its channel needs no such change.
    expect(warnings).toEqual(hasCreatedChannel ? [] : [expect.stringMatching(warning)]);
    expect(otherWarnings).toEqual([]);
    expect(status).toBe(200);
    expect(entries).toContainEqual(expect.objectContaining({ message: 'Request finished' }));
  });
});
