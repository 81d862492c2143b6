import { BROKERS, urlOf } from '../../test/brokers/servers/brokers.js';
import { StartedBroker } from '../../test/brokers/servers/started-broker.js';
import { MongoServer } from '../../test/support/mongo-server.js';
import { SqsServer } from '../../test/support/sqs-server.js';
import type { ServerName } from './consumers.js';

/** Servers of our own for the smoke tests: each is started when the first test needs it. */
export class Servers {
  /** Their URLs, or why there is none. */
  private readonly started = new Map<ServerName, Promise<string | Error>>();
  private readonly stops: (() => unknown)[] = [];

  urlOf(name: ServerName): Promise<string | Error> {
    const known = this.started.get(name);
    if (known !== undefined) return known;
    const url = this.start(name).catch((error: Error) => error);
    this.started.set(name, url);
    return url;
  }

  async stop(): Promise<void> {
    await Promise.all(this.stops.splice(0).map((stop) => stop()));
  }

  private async start(name: ServerName): Promise<string> {
    if (name === 'mongodb') {
      const server = await MongoServer.start();
      this.stops.push(() => server.close());
      return server.url;
    }
    if (name === 'sqs') {
      const server = await SqsServer.start();
      this.stops.push(() => server.close());
      return server.url;
    }
    const broker = BROKERS.find((one) => one.name === name)!;
    const server = await StartedBroker.start(broker);
    this.stops.push(() => server.remove());
    return urlOf(broker, server.address);
  }
}
