import { setFlagsFromString, getHeapSpaceStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { ArrivalList, type Arrival } from '../../src/records/arrival-list.js';

class Item implements Arrival<Item> {
  older: Item | undefined = undefined;
  newer: Item | undefined = undefined;

  constructor(readonly held: unknown) {}
}

describe('an arrival list', () => {
  it('has the rest in the order in which they came, whichever one is removed', () => {
    for (const removed of [0, 1, 2]) {
      const list = new ArrivalList<Item>();
      const items = ['a', 'b', 'c'].map((name) => new Item(name));
      for (const item of items) list.add(item);
      const [gone] = items.splice(removed, 1);
      list.remove(gone!);
      expect(heldBy(list)).toEqual(items.map(({ held }) => held));
      expect(gone).toMatchObject({ older: undefined, newer: undefined });
    }
  });

  it('takes again what it had, as the newest', () => {
    const list = new ArrivalList<Item>();
    const [first, second] = [new Item('first'), new Item('second')];
    list.add(first);
    list.add(second);
    list.remove(first);
    list.add(first);
    expect(heldBy(list)).toEqual(['second', 'first']);
  });

  it('is empty when all are removed', () => {
    const list = new ArrivalList<Item>();
    const only = new Item('only');
    list.add(only);
    list.remove(only);
    expect(heldBy(list)).toEqual([]);
    expect(list.size).toBe(0);
    expect(list.oldest).toBeUndefined();
  });

  it('keeps nothing that was removed alive, though V8 has moved what is in it', () => {
    setFlagsFromString('--expose-gc');
    const collectAll = runInNewContext('gc') as () => void;
    const list = new ArrivalList<Item>();
    const inList: Item[] = [];
    const pass = (count: number) => {
      for (let i = 0; i < count; i++) {
        const item = new Item(Array.from({ length: 64 }, (_, at) => ({ at })));
        list.add(item);
        if (inList.push(item) > 32) list.remove(inList.shift()!);
      }
    };
    pass(64);
    collectAll();
    const before = oldBytes();
    pass(20_000);
    // With a `Map` in its place, 30 MB and more.
    expect(oldBytes() - before).toBeLessThan(8 * 1024 * 1024);
  });
});

function heldBy(list: ArrivalList<Item>): unknown[] {
  const held: unknown[] = [];
  for (let item = list.oldest; item !== undefined; item = item.newer) held.push(item.held);
  expect(held).toHaveLength(list.size);
  return held;
}

function oldBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name: name }) => name === 'old_space')!.space_used_size;
}
