import { describe, expect, it } from '@jest/globals';
import { DeliveredOffsets } from '../../../src/instrumentation/kafkajs/delivered-offsets.js';

/** The attempts of deliveries of one partition, one after the other. */
function attempts(...offsets: unknown[]): (number | undefined)[] {
  const delivered = new DeliveredOffsets();
  return offsets.map((offset) => delivered.deliver('orders/0', offset));
}

describe('the attempt of a message of Kafka', () => {
  it.each([
    ['is 1 for each that follows', ['0', '1', '2', '9'], [1, 1, 1, 1]],
    ['counts those in a row', ['5', '5', '5', '6', '6'], [1, 2, 3, 1, 2]],
    ['knows those before', ['1', '2', '3', '1', '1', '2', '4'], [1, 1, 1, 2, 3, 2, 1]],
    ['is 1 before the first that it has seen', ['100', '0', '1', '100'], [1, 1, 1, 1]],
    ['is not known for what is no offset', ['a', undefined, '1.5'], Array(3).fill(undefined)],
  ])('%s', (_what, offsets, expected) => {
    expect(attempts(...offsets)).toEqual(expected);
  });

  it('is counted for each partition by itself', () => {
    const delivered = new DeliveredOffsets();
    const places = ['orders/0', 'orders/1', 'payments/0', 'orders/0'];
    expect(places.map((place) => delivered.deliver(place, '7'))).toEqual([1, 1, 1, 2]);
  });

  it('is remembered for 10,000 partitions, those that were used last', () => {
    const delivered = new DeliveredOffsets();
    for (let n = 0; n <= 10_000; n++) delivered.deliver(String(n), '7');
    expect(delivered.deliver('10000', '7')).toBe(2);
    expect(delivered.deliver('1', '7')).toBe(2);
    expect(delivered.deliver('0', '7')).toBe(1);
  });
});
