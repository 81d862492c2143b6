import { describe, expect, it } from '@jest/globals';
import type { Ending } from '../../src/spans/following.js';
import { follow } from '../../src/spans/follow-result.js';

function followed<T extends object>(source: T): { result: T; endings: Ending[] } {
  const endings: Ending[] = [];
  const following = {
    run: <R>(fn: () => R): R => fn(),
    end: (ending: Ending) => void endings.push(ending),
  };
  return { result: follow(following, source) as T, endings };
}

class Query {
  #runs = 0;
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
    const { result } = followed(source);
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
});
