import { Redis } from 'ioredis';
import { SERVER, smoke } from './smoke.js';

const redis = new Redis(SERVER || 'redis://127.0.0.1:1', { lazyConnect: true });

await smoke({
  needsServer: true,
  work: async (n) => {
    await redis.set(`key-${n}`, n);
    await redis.pipeline().get(`key-${n}`).del(`key-${n}`).exec();
  },
  steps: [/^SET/i, /pipeline/i],
  after: () => redis.disconnect(),
});
