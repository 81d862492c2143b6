import { EventEmitter } from 'node:events';

/** A connection on which nothing ever happens, for queues that are never to reach Redis. */
export class IdleRedis extends EventEmitter {
  readonly status = 'ready';
  readonly options = {};

  readonly connect = this.nothing;
  readonly disconnect = this.nothing;
  readonly quit = this.nothing;
  readonly defineCommand = this.nothing;
  readonly info = () => Promise.resolve('redis_version:7.0.0');

  private nothing(): Promise<void> {
    return Promise.resolve();
  }
}
