import type { Step } from 'nestjs-tracing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Line } from '../support/line-sink.js';
import { SampleServices } from './sample-services.js';

/** A busy machine is slow, not broken. */
const START_MS = 120_000;

let services: SampleServices;

beforeAll(async () => {
  services = await SampleServices.start(['gateway', 'feed']);
}, START_MS);

afterAll(() => services.stop());

/** The lines of a request for a fault, and of all that it led to. */
async function provoke(
  fault: string,
  finishes: number,
  of = services,
): Promise<{ status: number; log: Log }> {
  const response = await fetch(`${of.url('GATEWAY_PORT')}/api/faults/${fault}`);
  await response.text();
  const lines = await of.linesAfter(finishes, response.headers.get('X-Trace-ID'));
  return { status: response.status, log: { lines, finishes: lines.filter((l) => l['outcome']) } };
}

interface Log {
  lines: Line[];
  finishes: Line[];
}

const stepsOf = (line: Line | undefined): Step[] => (line?.['steps'] ?? []) as Step[];
const failedSteps = (line: Line | undefined): string[] =>
  stepsOf(line)
    .filter(({ failed }) => failed)
    .map(({ name }) => name);
const finishOf = (log: Log, path: string): Line | undefined =>
  log.finishes.find((line) => line['path'] === path);

describe('the faults of the sample application', () => {
  it('have a timeout: the call that was aborted is the failing step', async () => {
    const { status, log } = await provoke('timeout', 2);

    expect(status).toBe(504);
    const failing = stepsOf(finishOf(log, '/api/faults/timeout')).at(-1);
    expect(failing).toMatchObject({ failed: true, error: expect.stringContaining('TimeoutError') });
    expect(failing?.name).toMatch(/^GET .*\/timeout\/rates\/USD$/);
    expect(finishOf(log, '/api/faults/timeout/rates/USD')).toMatchObject({ outcome: 'aborted' });
  });

  it('have an N+1: a query for each account', async () => {
    // A service warns of it once.
    const fresh = await SampleServices.start(['gateway']);
    const { status, log } = await provoke('n-plus-one', 1, fresh);
    await fresh.stop();

    expect(status).toBe(200);
    expect(log.finishes).toEqual([expect.objectContaining({ db_count: 61 })]);
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(/^SELECT payment ran 60 times/),
      }),
    );
  });

  it('have a wrong header: the refused call is the failing step, and its error names the header', async () => {
    const { status, log } = await provoke('wrong-header', 2);

    expect(status).toBe(502);
    const call = stepsOf(finishOf(log, '/api/faults/wrong-header')).at(-1);
    expect(call).toMatchObject({ failed: true, status: 406 });
    const refused = finishOf(log, '/api/faults/wrong-header/labels/17');
    expect(failedSteps(refused)).toEqual(['ApiVersionGuard.canActivate']);
    expect(refused).toMatchObject({ error: { message: 'X-Api-Version must be 2 and is 1' } });
  });

  it('have a lost message: the request succeeds, and the message that it sent fails', async () => {
    const { status, log } = await provoke('lost-message', 2);

    expect(status).toBe(200);
    const lost = log.finishes.find(({ service }) => service === 'payments-feed');
    expect(lost).toMatchObject({ outcome: 'errored', pattern: 'payment.refunded' });
    expect(failedSteps(lost)).toEqual(['RefundAnnouncer.announce']);
  });

  it('have a slow guard, which takes nearly all of the time', async () => {
    const { status, log } = await provoke('slow-guard', 1);

    expect(status).toBe(200);
    const [slowest] = stepsOf(log.finishes[0]).toSorted(
      (a, b) => (b.duration_ms ?? 0) - (a.duration_ms ?? 0),
    );
    expect(slowest?.name).toBe('TenantGuard.canActivate');
  });

  it('have a cyclic retry: two routes call each other until one gives up', async () => {
    const { status, log } = await provoke('cyclic-retry', 9);

    expect(status).toBe(503);
    expect(log.finishes.map(({ path }) => path)).toEqual([
      '/api/faults/cyclic-retry',
      ...Array.from({ length: 4 }, () => [
        '/api/faults/cyclic-retry/warehouse',
        '/api/faults/cyclic-retry',
      ]).flat(),
    ]);
    expect(failedSteps(log.finishes[0])).toContain('StockService.reserve');
  });
});
