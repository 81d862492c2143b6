import { setTimeout as sleep } from 'node:timers/promises';

/** Expects again and again until it holds; what is wrong at the end is what is thrown. */
export async function soon(expectation: () => Promise<void>, withinMs = 5000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      await expectation();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(30);
  }
}
