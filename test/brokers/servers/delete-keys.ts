import { Redis } from 'ioredis';

/** Leaves nothing of a test in a Redis that is perhaps somebody's. */
export async function deleteKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(keys);
  await redis.quit();
}
