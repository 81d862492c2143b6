import { Redis } from 'ioredis';

/** Removes what a test wrote to a Redis that may be in use otherwise. */
export async function deleteKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(keys);
  await redis.quit();
}
