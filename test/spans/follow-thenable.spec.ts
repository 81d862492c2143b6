import { describe, expect, it, jest } from '@jest/globals';
import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import type { Ending } from '../../src/spans/following.js';
import { follow } from '../../src/spans/follow-result.js';

interface Followed<T> {
  result: T;
  endings: Ending[];
  errors: unknown[];
}

function followed<T extends object>(source: T): Followed<T> {
  const endings: Ending[] = [];
  const errors: unknown[] = [];
  const following = {
    run: <R>(fn: () => R): R => fn(),
    end(ending: Ending, error?: unknown) {
      endings.push(ending);
      if (ending === 'failed') errors.push(error);
    },
  };
  return { result: follow(following, source) as T, endings, errors };
}

class Query {
  #runs = 0;
  static runsOf(query: Query): number {
    return query.#runs;
  }
  model = class Cat {};
  limit(): this {
    return this;
  }
  get or(): this {
    return this;
  }
  copy(): Query {
    return new Query();
  }
  async exec(): Promise<number> {
    return ++this.#runs;
  }
  // oxlint-disable-next-line unicorn/no-thenable
  then<R>(done: (value: number) => R, fail?: (error: unknown) => R): Promise<R> {
    return this.exec().then(done, fail);
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    yield 1;
  }
}

describe('a query builder', () => {
  it.each<[string, (query: Query) => unknown]>([
    ['await', async (query) => query],
    ['exec()', (query) => query.exec()],
    ['exec() of a chain', (query) => query.limit().or.limit().exec()],
    ['exec() of another builder', (query) => query.copy().exec()],
    [
      'iteration',
      async (query) => {
        for await (const row of query.limit()) expect(row).toBe(1);
      },
    ],
  ])('ends with %s, and runs once', async (_name, use) => {
    const { result, endings } = followed(new Query());
    expect(endings).toEqual([]);
    await use(result);
    expect(endings[0]).toBe('done');
    expect(await result.exec()).toBeLessThanOrEqual(2);
  });

  it('stays what it is', () => {
    const source = new Query();
    const shown = inspect(source);
    const { result } = followed(source);
    expect(result).toBe(source);
    expect(inspect(result)).toBe(shown);
    expect(Query.runsOf(result)).toBe(0);
    expect(result.exec).toBe(result.exec);
    expect(Object.keys(result)).toEqual(['model']);
    expect(result).toBeInstanceOf(Query);
    expect(result.constructor).toBe(Query);
    expect(result.model).toBe(source.model);
    expect(new result.model()).toBeInstanceOf(source.model);
  });

  it('that is frozen is awaited as it is', async () => {
    // oxlint-disable-next-line unicorn/no-thenable
    const source = Object.freeze({ then: (done: (value: string) => void) => done('12.50') });
    const { result, endings } = followed(source);
    expect(await result).toBe('12.50');
    expect(endings).toEqual(['done']);
    const { result: query, endings: ofQuery } = followed(Object.freeze(new Query()));
    expect([await query, ofQuery[0]]).toEqual([1, 'done']);
  });

  it('whose then throws fails with it', async () => {
    const failure = new Error('no await');
    const { result, endings } = followed({
      // oxlint-disable-next-line unicorn/no-thenable
      then(): never {
        throw failure;
      },
    });
    await expect(Promise.resolve(result as PromiseLike<unknown>)).rejects.toBe(failure);
    expect(endings).toEqual(['failed']);
  });

  it('is left as it was once it has settled', async () => {
    const source = new Query();
    const own = { where: jest.fn(() => own), then: (done: (value: number) => void) => done(7) };
    const members = { ...own };
    await followed(source).result;
    const { result } = followed(own);
    expect(result.where()).toBe(own);
    expect(result.where).toHaveBeenCalledTimes(1);
    expect(await result).toBe(7);
    expect(Object.getPrototypeOf(source)).toBe(Query.prototype);
    expect({ ...own }).toEqual(members);
    expect(own.where).toBe(members.where);
  });

  it('ends each span of the methods that return it, and only the last ones where it is kept', async () => {
    const source = new Query();
    const all = Array.from({ length: 20 }, () => followed(source));
    expect(all.filter(({ endings }) => endings.length > 0)).toHaveLength(4);
    expect(await source.exec()).toBe(1);
    expect(all.map(({ endings }) => endings)).toEqual(all.map(() => ['done']));
  });

  it('ends with the method that its user called, whatever that calls', async () => {
    class Retrying extends Query {
      attempts: string[] = [];
      async connect(): Promise<void> {
        this.attempts.push('connect');
      }
      async send(): Promise<number> {
        this.attempts.push('send');
        throw new Error('busy');
      }
      override async exec(): Promise<number> {
        await this.connect();
        await this.send().catch(() => {});
        await sleep(5);
        this.attempts.push('done');
        return 1;
      }
    }
    for (const use of [(query: Retrying) => query.exec(), async (query: Retrying) => query]) {
      const { result, endings } = followed(new Retrying());
      const using = use(result);
      await sleep(1);
      expect(endings).toEqual([]);
      expect([await using, result.attempts]).toEqual([1, ['connect', 'send', 'done']]);
      expect(endings).toEqual(['done']);
    }
  });

  it('ends with the promise inside of a method that takes a callback', async () => {
    class WithCallback extends Query {
      end(done: (error: unknown, value?: number) => void): this {
        void this.exec().then((value) => done(undefined, value), done);
        return this;
      }
    }
    const { result, endings } = followed(new WithCallback());
    const value = await new Promise((resolve) => {
      expect(result.end((_error, given) => resolve(given))).toBe(result);
    });
    expect([value, endings]).toEqual([1, ['done']]);
  });

  it('fails with the error itself, thrown or rejected', async () => {
    const failure = new Error('no rows');
    class Failing extends Query {
      override exec(): Promise<number> {
        return Promise.reject(failure);
      }
      all(): number[] {
        throw failure;
      }
    }
    const uses: ((query: Failing) => unknown)[] = [
      async (query) => query,
      (query) => query.exec(),
      async (query) => query.all(),
    ];
    for (const use of uses) {
      const { result, endings, errors } = followed(new Failing());
      await expect(use(result)).rejects.toBe(failure);
      expect([endings, errors]).toEqual([['failed'], [failure]]);
    }
  });

  it('calls a method that was replaced after its class was seen', async () => {
    class Stubbed extends Query {}
    await followed(new Stubbed()).result;
    Stubbed.prototype.exec = async () => 42;
    expect(await followed(new Stubbed()).result).toBe(42);
    const { result, endings } = followed(new Stubbed());
    result.exec = async () => 43;
    expect([await result.exec(), await result, endings]).toEqual([43, 43, ['done']]);
  });

  it.each<[string, () => object, unknown]>([
    ['sealed', () => Object.seal(new Query()), 1],
    ['not extensible', () => Object.preventExtensions(new Query()), 1],
    ['a client of remote methods', () => remote(() => 'answer'), 'answer'],
    [
      'with a fixed then',
      () =>
        Object.defineProperty({}, 'then', { value: (done: (value: number) => void) => done(3) }),
      3,
    ],
  ])('that is %s is awaited as it is', async (_what, make, expected) => {
    const source = make();
    const { result, endings } = followed(source);
    expect(result).toBe(source);
    expect(endings).toEqual(['done']);
    expect(await (result as PromiseLike<unknown>)).toBe(expected);
  });

  it('may be a function, or a promise that runs when it is used', async () => {
    class Lazy extends Promise<string> {
      // oxlint-disable-next-line unicorn/no-thenable
      override then(...args: any[]): any {
        return Promise.resolve('lazy').then(...args);
      }
    }
    const call = Object.assign((): string => 'called', {
      // oxlint-disable-next-line unicorn/no-thenable
      then: <T>(done: (value: number) => T) => Promise.resolve(done(5)),
    });
    const { result, endings } = followed(call);
    expect([result(), endings]).toEqual(['called', []]);
    expect([await result.then((value) => value), endings]).toEqual([5, ['done']]);
    const lazy = followed(new Lazy(() => {}));
    expect([await (lazy.result as Promise<string>), lazy.endings]).toEqual(['lazy', ['done']]);
  });

  it('keeps the members of a promise that runs already', async () => {
    const source = Object.assign(sleep(5, 'late'), { cancel: () => 'cancelled', status: 1 });
    const { result, endings } = followed(source);
    expect([result.cancel(), result.status, endings]).toEqual(['cancelled', 1, []]);
    expect([await result, endings]).toEqual(['late', ['done']]);
  });
});

/** Every name is a method of it, as of the client of a worker. */
function remote(answer: () => unknown): object {
  return new Proxy(
    {},
    { get: () => (done: unknown) => (typeof done === 'function' ? done(answer()) : answer()) },
  );
}

/** A query whose methods give something that is read bit by bit. */
class Rows extends Query {
  constructor(private readonly read: () => unknown) {
    super();
  }
  rows(): unknown {
    return this.read();
  }
}

function rowsOf<T>(read: () => T): Followed<{ rows(): T }> {
  return followed(new Rows(read)) as Followed<{ rows(): T }>;
}

/** As of a database: not a generator. */
class Cursor {
  readonly waiting: string[] = ['tea', 'milk'];
  async next(): Promise<string | null> {
    const row = this.waiting.shift() ?? null;
    if (row === 'broken') throw new Error('connection lost');
    return row;
  }
  async hasNext(): Promise<boolean> {
    return this.waiting.length > 0;
  }
  async toArray(): Promise<string[]> {
    return this.waiting.splice(0);
  }
  async close(): Promise<void> {}
  [Symbol.asyncIterator](): AsyncIterator<string> {
    return {
      next: async () => {
        const value = await this.next();
        return value === null ? { done: true, value } : { done: false, value };
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }
}

async function readAll(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

describe('the stream of a query', () => {
  it('ends it when it has been read', async () => {
    const { result, endings } = rowsOf(() => Readable.from(['tea', 'milk']));
    const stream = result.rows();
    expect(endings).toEqual([]);
    expect(await readAll(stream)).toEqual(['tea', 'milk']);
    await sleep(1);
    expect(endings).toEqual(['done']);
    const plain = Readable.from(['tea']);
    await readAll(plain);
    await sleep(1);
    expect(stream.listenerCount('end')).toBe(plain.listenerCount('end'));
    expect(stream.listenerCount('close')).toBe(plain.listenerCount('close'));
  });

  it('ends it when it is destroyed, with the error if there is one', async () => {
    const left = rowsOf(() => Readable.from(['tea']));
    const stream = left.result.rows();
    stream.destroy();
    await once(stream, 'close');
    expect(left.endings).toEqual(['done']);
    const failure = new Error('connection lost');
    const failed = rowsOf(() => Readable.from(['tea']));
    await expect(readAll(failed.result.rows().destroy(failure))).rejects.toBe(failure);
    expect([failed.endings, failed.errors]).toEqual([['failed'], [failure]]);
  });

  it('leaves an error that has no listener unhandled', () => {
    class Broken extends EventEmitter {
      pipe(): void {}
    }
    const failure = new Error('connection lost');
    const { result, endings } = rowsOf(() => new Broken());
    expect(() => result.rows().emit('error', failure)).toThrow('connection lost');
    expect(endings).toEqual(['failed']);
  });

  it('is no emitter that has nothing to do with it', async () => {
    const bus = new EventEmitter();
    const { result, endings } = rowsOf(() => bus);
    expect(result.rows()).toBe(bus);
    expect(bus.eventNames()).toEqual([]);
    bus.emit('end');
    expect(endings).toEqual([]);
  });
});

describe('a request that is an emitter', () => {
  class Request extends EventEmitter {
    send(event: string, ...args: unknown[]): this {
      this.emit(event, ...args);
      return this;
    }
    // oxlint-disable-next-line unicorn/no-thenable
    then(_done: unknown, fail: (error: unknown) => void): void {
      this.emit('end');
      setImmediate(fail, new Error('status 500'));
    }
  }

  it.each([['end'], ['close']])('ends with %s, and has no listener of ours', (event) => {
    const { result, endings } = followed(new Request());
    expect(result.send('data').eventNames()).toEqual([]);
    expect(endings).toEqual([]);
    result.send(event);
    expect(endings).toEqual(['done']);
  });

  it('fails with its error, and with that of await, whatever it emits before', async () => {
    const failure = new Error('refused');
    const failed = followed(new Request());
    expect(() => failed.result.send('error', failure)).toThrow('refused');
    expect([failed.endings, failed.errors]).toEqual([['failed'], [failure]]);
    const { result, endings } = followed(new Request());
    await expect(Promise.resolve<unknown>(result)).rejects.toThrow('status 500');
    expect(endings).toEqual(['failed']);
  });
});

describe('the cursor of a query', () => {
  it.each<[string, (cursor: Cursor) => unknown, unknown]>([
    ['its last row', (cursor) => readAll(cursor), ['tea', 'milk']],
    [
      'next()',
      async (cursor) => [await cursor.next(), await cursor.next(), await cursor.next()],
      ['tea', 'milk', null],
    ],
    ['toArray()', (cursor) => cursor.toArray(), ['tea', 'milk']],
    ['close()', (cursor) => cursor.close(), undefined],
    [
      'break',
      async (cursor) => {
        for await (const row of cursor) return row;
        return undefined;
      },
      'tea',
    ],
  ])('ends it with %s', async (_name, use, expected) => {
    const { result, endings } = rowsOf(() => new Cursor());
    const cursor = result.rows();
    expect([await cursor.hasNext(), endings]).toEqual([true, []]);
    expect(await use(cursor)).toEqual(expected);
    expect(endings).toEqual(['done']);
    expect(Object.getPrototypeOf(cursor)).toBe(Cursor.prototype);
  });

  it('fails it with the error of a row', async () => {
    const { result, endings, errors } = rowsOf(() => new Cursor());
    const cursor = result.rows();
    cursor.waiting[1] = 'broken';
    expect(await cursor.next()).toBe('tea');
    expect(endings).toEqual([]);
    const failure: unknown = await cursor.next().catch((error: unknown) => error);
    expect([endings, errors]).toEqual([['failed'], [failure]]);
  });

  it('may be a generator', async () => {
    const { result, endings } = rowsOf(async function* () {
      yield 'tea';
    });
    const rows = result.rows();
    expect([await readAll(rows), endings]).toEqual([['tea'], ['done']]);
  });
});
