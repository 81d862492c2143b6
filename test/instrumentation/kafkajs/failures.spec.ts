import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { TraceContext, traceFields } from '../../../src/index.js';
import { traceKafkaServers } from '../../../src/instrumentation/kafkajs/kafkajs.js';
import { tracedApp } from '../../support/traced-app.js';
import { spyOnWarnings } from '../../support/warnings.js';

const warn = spyOnWarnings();

interface Payload {
  readonly topic: string;
  readonly partition: number;
  readonly message: { readonly offset: string; readonly headers?: Record<string, unknown> };
}

interface Told {
  readonly message: string;
  readonly traceId: string | undefined;
}

type Log = (message: string, extra?: object) => void;
interface Logger {
  readonly info: Log;
  readonly error: Log;
  readonly warn: Log;
  readonly debug: Log;
  namespace(name: string): Logger;
}

type Handler = (payload: Payload) => Promise<unknown>;

/** What kafkajs does with a handler, a logger, and a handler that throws. */
class Consumer {
  private handler: Handler | undefined;

  constructor(readonly logger: Logger) {}

  run({ eachMessage }: { eachMessage: Handler }): Promise<void> {
    this.handler = eachMessage;
    return Promise.resolve();
  }

  async deliver(payload: Payload): Promise<unknown> {
    try {
      return await this.handler!(payload);
    } catch (error) {
      const { topic, partition } = payload;
      this.logger.error('Error when calling eachMessage', { topic, partition, error });
      return error;
    }
  }
}

const told: Told[] = [];
const note: Log = (message) => {
  told.push({ message, traceId: traceFields().trace_id as string | undefined });
};
const logger: Logger = {
  ...{ info: note, error: note, warn: note, debug: note },
  namespace: () => logger,
};

/** A class of the shape of kafkajs' own, of which an object has been made by a server of NestJS. */
function kafka() {
  return class {
    readonly ownLogger: unknown = logger;

    logger(): unknown {
      return this.ownLogger;
    }

    consumer(_config: object): unknown {
      return new Consumer((this.ownLogger as Logger).namespace('Runner'));
    }
  };
}

function traced(Kafka: new () => { consumer(config: object): unknown }): Consumer {
  const server = { createClient: () => new Kafka() };
  traceKafkaServers(server);
  return server.createClient().consumer({ groupId: 'one' }) as Consumer;
}

let trace: TraceContext;
beforeEach(async () => {
  told.length = 0;
  const { app } = await tracedApp('express').start();
  trace = app.get(TraceContext);
});

const WORK = { transport: 'kafka', pattern: 'orders' };
const place = (partition: number, headers = {}): Payload => ({
  ...{ topic: 'orders', partition, message: { offset: '0', headers } },
});

describe('a consumer of kafkajs', () => {
  /** Of the messages that failed, by their partition. */
  const traceIds: (string | undefined)[] = [];
  let error: (partition: number) => unknown;

  const consumer = async (): Promise<Consumer> => {
    const made = traced(kafka());
    await made.run({
      eachMessage: ({ partition, message: { headers } }) =>
        trace.consume(headers, WORK, () => {
          traceIds[partition] = trace.traceId;
          throw error(partition);
        }),
    });
    return made;
  };
  beforeEach(() => {
    traceIds.length = 0;
  });

  it.each([
    ['an error', (n: number) => new Error(`failed ${n}`), (n: number) => `failed ${n}`],
    ['a text', (n: number) => `failed ${n}`, (n: number) => `failed ${n}`],
    [
      'a long text',
      (n: number) => new Error(`${'x'.repeat(5000)} ${'y'.repeat(n)}`),
      (n: number) => `${'x'.repeat(5000)} ${'y'.repeat(n)}`,
    ],
  ])('names the message that failed with %s, then and later', async (_what, make, text) => {
    error = make;
    const made = await consumer();
    for (const n of [0, 1, 2]) await made.deliver(place(n));
    expect(told.map(({ traceId }) => traceId)).toEqual(traceIds);
    expect(new Set(traceIds).size).toBe(3);
    told.length = 0;
    for (const n of [2, 0, 1]) {
      made.logger.warn('Restarting', { error: text(n) } as object);
      made.logger.error(`Crash: KafkaJSNonRetriableError: ${text(n)}`);
    }
    made.logger.error('Crash: KafkaJSNonRetriableError: another', { error: 'another' });
    const later = [2, 2, 0, 0, 1, 1].map((n) => traceIds[n]);
    expect(told.map(({ traceId }) => traceId)).toEqual([...later, undefined]);
  });

  it('forgets the partition that failed first, where 256 others have', async () => {
    error = (n) => new Error(`failed ${n}.`);
    const made = await consumer();
    for (let n = 0; n <= 256; n++) await made.deliver(place(n));
    told.length = 0;
    for (const n of [0, 1, 256]) made.logger.error(`Crash: Error: failed ${n}.`);
    expect(told.map(({ traceId }) => traceId)).toEqual([undefined, traceIds[1], traceIds[256]]);
  });

  it('keeps neither the error nor the message', async () => {
    const kept: Record<string, WeakRef<object>> = {};
    error = () => {
      const thrown = Object.assign(new Error('failed'), { response: Buffer.alloc(1 << 20) });
      kept['error'] = new WeakRef(thrown);
      return thrown;
    };
    const made = await consumer();
    await (async () => {
      const headers = { batch: Buffer.alloc(1 << 20) };
      kept['headers'] = new WeakRef(headers);
      await made.deliver(place(0, headers));
    })();
    for (let i = 0; i < 20 && Object.values(kept).some((one) => one.deref()); i++) {
      await new Promise(setImmediate);
      collectGarbage();
    }
    const left = Object.entries(kept).filter(([, one]) => one.deref() !== undefined);
    expect(left.map(([name]) => name)).toEqual([]);
    told.length = 0;
    made.logger.error('Crash: Error: failed');
    expect(told).toMatchObject([{ traceId: traceIds[0] }]);
  });
});

let collectGarbage: () => void;
beforeAll(() => {
  setFlagsFromString('--expose-gc');
  collectGarbage = runInNewContext('gc') as () => void;
});

describe('a version of kafkajs with other internals', () => {
  const { namespace: _gone, ...withoutNamespace } = logger;
  const shapes: [string, new () => { consumer(config: object): unknown }][] = [
    [
      'a private logger',
      class {
        readonly #logger = logger;
        logger(): Logger {
          return this.#logger;
        }
        consumer(): Consumer {
          return new Consumer(this.#logger);
        }
      },
    ],
    [
      'private state beside its logger',
      class {
        readonly ownLogger = logger;
        readonly #state = 1;
        logger(): Logger {
          return this.ownLogger;
        }
        consumer(): Consumer {
          return new Consumer(this.#state === 1 ? this.ownLogger : logger);
        }
      },
    ],
    [
      'a logger without namespaces',
      class extends kafka() {
        override readonly ownLogger = withoutNamespace;
        override consumer(): Consumer {
          return new Consumer(this.ownLogger as Logger);
        }
      },
    ],
    [
      'a logger that throws',
      class extends kafka() {
        override logger(): never {
          throw new Error('no logger');
        }
      },
    ],
    [
      'no logger',
      class extends kafka() {
        override readonly logger = undefined as never;
      },
    ],
    [
      'a consumer without `run`',
      class extends kafka() {
        override consumer(): object {
          return { deliver: () => {} };
        }
      },
    ],
  ];

  it.each(shapes)('consumes as before, with one warning: %s', async (_what, Kafka) => {
    const consumer = traced(Kafka);
    traced(Kafka);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/kafkajs \d+\.\d+\.\d+ has another shape than expected/),
    ]);
    if (typeof consumer.run !== 'function') return;
    const ids: (string | undefined)[] = [];
    await consumer.run({
      eachMessage: () => trace.consume({}, WORK, async () => void ids.push(trace.traceId)),
    });
    expect(await consumer.deliver(place(0))).toBeUndefined();
    expect(ids).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  });

  it('throws what kafkajs says of wrong arguments, without a warning', () => {
    class Refusing extends kafka() {
      override consumer(): never {
        throw new TypeError('groupId is missing');
      }
    }
    expect(() => traced(Refusing)).toThrow(new TypeError('groupId is missing'));
    expect(warn).not.toHaveBeenCalled();
  });
});
