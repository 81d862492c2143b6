import { createClient } from 'redis';
import { SERVER, smoke } from './smoke.js';

const redis = createClient({ url: SERVER || 'redis://127.0.0.1:1' });

await smoke({
  needsServer: true,
  prepared: () => (SERVER === '' ? undefined : redis.connect()),
  work: async (n) => {
    await redis.set(`key-${n}`, n);
    await redis.multi().get(`key-${n}`).del(`key-${n}`).exec();
  },
  steps: [/^SET/i, /multi/i],
  after: () => (SERVER === '' ? undefined : redis.close()),
});
