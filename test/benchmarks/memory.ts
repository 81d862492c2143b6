import { saturate } from './load.js';
import type { Memory, Platform } from './server-host.js';
import { ServerProcess } from './server-process.js';
import type { Variant } from './variant-list.js';

export interface MemoryGrowth {
  variant: Variant;
  platform: Platform;
  early: Memory;
  late: Memory;
}

/** The request counts between which memory must not grow. */
export const memoryMarks = { early: 20_000, late: 200_000 } as const;

/** One server's memory after forced collections: what is still there belongs to somebody. */
export async function measureMemory(
  variant: Variant,
  platform: Platform,
  output: number,
): Promise<MemoryGrowth> {
  const server = await ServerProcess.start(variant, platform, { output, pace: 'settled' });
  try {
    await saturate(server.port, memoryMarks.early);
    const early = await server.ask('memory');
    await saturate(server.port, memoryMarks.late - memoryMarks.early);
    return { variant, platform, early, late: await server.ask('memory') };
  } finally {
    await server.stop();
  }
}
