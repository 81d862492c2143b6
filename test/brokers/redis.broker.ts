import { Redis } from 'ioredis';
import { accessTo } from './servers/access.js';
import { describeTransport, JSON_CARRIERS } from './transport-cases.js';

describeTransport({
  title: 'Redis',
  broker: accessTo('redis'),
  transport: 'redis',
  name: 'redis',
  openRaw(url) {
    const redis = new Redis(url);
    return {
      send: (pattern, data, metadata) =>
        redis.publish(pattern, JSON.stringify({ pattern, data, metadata })),
      close: () => redis.quit(),
    };
  },
  carriers: JSON_CARRIERS,
});
