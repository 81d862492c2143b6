import { expect, it, jest } from '@jest/globals';
import { endRetries } from '../../src/otlp/export-retries.js';
import { spyOnWarnings } from '../support/warnings.js';

const warnings = spyOnWarnings();

/** An exporter whose transport notes what it is to send again. */
function retrying() {
  const retry = jest.fn(async (_data: Uint8Array, _timeoutMs: number, _inMs: number) => 'sent');
  const transport = { retry };
  return { exporter: { _delegate: { _transport: transport } }, transport, retry };
}

const DATA = new Uint8Array(1);

it('a retry waits as long as OpenTelemetry says, and is made by it', async () => {
  const { exporter, transport, retry } = retrying();
  endRetries(exporter, new AbortController().signal);
  const began = performance.now();
  expect(await transport.retry(DATA, 1000, 50)).toBe('sent');
  expect(performance.now() - began).toBeGreaterThanOrEqual(45);
  expect(retry).toHaveBeenCalledWith(DATA, 1000, 0);
});

it('a retry that waits fails at once when the queue is closed, and so do later ones', async () => {
  const { exporter, transport, retry } = retrying();
  const closed = new AbortController();
  endRetries(exporter, closed.signal);
  const waiting = transport.retry(DATA, 60_000, 60_000);
  closed.abort();
  const failure = { status: 'failure', error: expect.any(Error) };
  expect(await waiting).toEqual(failure);
  expect(await transport.retry(DATA, 1000, -1)).toEqual(failure);
  expect(retry).not.toHaveBeenCalled();
});

it.each([[{}], [{ _delegate: {} }], [{ _delegate: { _transport: {} } }], [{ _delegate: null }]])(
  'an exporter of another shape keeps its retries, with one warning: %j',
  (exporter) => {
    endRetries(exporter, new AbortController().signal);
    endRetries(exporter, new AbortController().signal);
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringContaining('an export that is retried can keep the process alive'),
        { type: 'TracingWarning', code: 'TRACING_UNSUPPORTED' },
      ],
    ]);
  },
);
