import { System } from './system.js';

/** Starts all services, does something with them, and stops them in any case. */
export async function withSystem(use: (system: System) => Promise<void>): Promise<void> {
  const system = new System();
  try {
    await system.start();
    await use(system);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await system.stop();
  }
}
