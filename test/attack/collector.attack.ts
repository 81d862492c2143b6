import { describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { freePort } from '../support/free-port.js';
import { ServiceProcess } from '../support/service-process.js';
import { COLLECTOR_ATTACKS, type CollectorAttack } from './collector-attacks.js';
import type { ExportReport } from './exporting.process.js';

/** The limit of what waits for a collector is 16 MiB; what is being sent is held beside it. */
const MOST_BYTES = 48 * 1024 * 1024;
/** The limit of the shutdown, and what a busy machine needs. */
const SHUTDOWN_MS = 1000;
const MOST_CLOSE_MS = SHUTDOWN_MS + 1500;
/** Of 19 in 20 calls, while several of these processes share few cores. */
const MOST_CALL_MS = 400;
const MOST_SLOWEST_CALL_MS = 3000;
/** How long the process may live once the application is closed. */
const MOST_ALIVE_MS = 1000;

interface Outcome {
  readonly report: ExportReport;
  /** When the application was closed. */
  readonly arrived: number;
  readonly aliveMs: number;
  readonly code: number | null;
  readonly stderr: string;
}

async function exportTo({
  answer,
  lines = 600,
  bytes = 60,
  arrives = false,
}: CollectorAttack): Promise<Outcome> {
  const arrived = new Set<string>();
  let count = 0;
  const server = createServer(async (request, response) => {
    response.on('error', () => {});
    const body = await buffer(request).catch(() => Buffer.alloc(0));
    for (const [order] of body.toString('latin1').matchAll(/order \d+ saved/g)) arrived.add(order);
    answer?.(response, ++count);
  });
  if (answer !== undefined) await once(server.listen(0, '127.0.0.1'), 'listening');
  const port = answer === undefined ? await freePort() : (server.address() as AddressInfo).port;
  try {
    const service = await ServiceProcess.start('test/attack/exporting.process.ts', {
      COLLECTOR: `http://127.0.0.1:${port}`,
      LINES: String(lines),
      BYTES: String(bytes),
      SHUTDOWN: String(arrives ? 5000 : SHUTDOWN_MS),
      NODE_OPTIONS: '--max-old-space-size=256',
    });
    const closedAt = performance.now();
    const atClose = arrived.size;
    const code = await Promise.race([
      once(service.child, 'exit').then(([code]) => code as number | null),
      sleep(15_000, null, { ref: false }),
    ]);
    const aliveMs = performance.now() - closedAt;
    const report = service.ready as unknown as ExportReport;
    return { report, arrived: atClose, aliveMs, code, stderr: service.stderr };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('collectors', () => {
  // Most of their time they wait.
  it.concurrent.each(COLLECTOR_ATTACKS)(
    'a collector that $name',
    async (attack) => {
      const { report, arrived, aliveMs, code, stderr } = await exportTo(attack);
      expect(code).toBe(0);
      expect(report.heldBytes).toBeLessThan(MOST_BYTES);
      expect(report.callMs).toBeLessThan(MOST_CALL_MS);
      expect(report.slowestCallMs).toBeLessThan(MOST_SLOWEST_CALL_MS);
      if (attack.arrives !== true) expect(report.closeMs).toBeLessThan(MOST_CLOSE_MS);
      expect(aliveMs).toBeLessThan(MOST_ALIVE_MS);
      if (attack.arrives === true) expect(arrived).toBe(attack.lines ?? 600);
      // What is not at the collector is said, once for each signal.
      else if (arrived === 0) expect(stderr).toMatch(/TRACING_|nestjs-tracing/);
      // Other attacks run beside these.
    },
    90_000,
  );
});
