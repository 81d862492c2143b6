import { describe, expect, it } from '@jest/globals';
import { ServiceProcess } from '../support/service-process.js';

interface Growth {
  readonly spans: number;
  /** Bytes on the heap after 1,000 requests. */
  readonly early: number;
  /** The same after 10,000. */
  readonly late: number;
}

/** Bytes. A collected heap breathes; 56 bytes that stay of each request are more than this. */
const MAY_GROW = 500_000;

async function growthOf(env: Record<string, string> = {}): Promise<Growth> {
  const service = await ServiceProcess.start('test/spans/span-memory.process.ts', env);
  await service.stop();
  return service.ready as unknown as Growth;
}

describe('a million spans', () => {
  it('leave nothing on the heap', async () => {
    const { spans, early, late } = await growthOf();
    expect(spans).toBe(1_000_000);
    expect(late - early).toBeLessThan(MAY_GROW);
  }, 120_000);

  it('would be seen if one of each request stayed', async () => {
    const { early, late } = await growthOf({ KEEP_A_SPAN: 'yes' });
    expect(late - early).toBeGreaterThan(MAY_GROW);
  }, 120_000);
});
